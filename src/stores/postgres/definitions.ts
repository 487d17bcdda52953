import { z } from "zod";
import type { DefinitionStore, StoredDefinition } from "../definition-store.ts";
import { maxDefinitionBytes } from "../../run/bounds.ts";
import { newNonce, outcomeSchema } from "./runs.ts";
import type { Session } from "./session.ts";

const rowSchema = z.object({ name: z.string(), definition: z.string().nullable(), version: z.string() });

const definitionsQuery = `SELECT name, version, CASE WHEN octet_length(definition) <= ${maxDefinitionBytes} THEN definition END AS definition
  FROM launch.definitions`;

/** With the limit that the store holds to by itself, in the same transaction. */
const defineQuery = `SELECT d.outcome, d.current,
  CASE WHEN d.outcome = 'written' AND $4::text IS NOT NULL THEN launch.limit_waiting($2, $1, $6) END AS limited
  FROM launch.define($1, $2, $3, $4, $5) AS d`;

/** Definitions as rows, which the admin role alone may write; `launch.definition_changes` keeps what they were, who changed them, and when. */
export function definitionStore(session: Session): DefinitionStore {
  const pathOf = (name: string): string => `queue "${name}"`;
  const storedOf = (row: unknown): StoredDefinition => {
    const { name, definition: text, version } = rowSchema.parse(row);
    const said = { name, version, path: pathOf(name) };
    return text === null
      ? { ...said, text: "", unreadable: `it is longer than ${maxDefinitionBytes} bytes` }
      : { ...said, text };
  };
  return {
    read: async (name, signal) => {
      const text = `${definitionsQuery} WHERE name = $1`;
      const [row] = await session.read(text, [name], signal);
      return row === undefined ? undefined : storedOf(row);
    },
    list: async (signal) => {
      const text = `${definitionsQuery} ORDER BY name`;
      return (await session.read(text, [], signal)).map(storedOf);
    },
    write: async ({ name, text, expected, by, maxWaiting }, signal) => {
      const values = [newNonce(), name, expected ?? null, text ?? null, by, maxWaiting ?? null];
      const result = await session.write(defineQuery, values, signal);
      if (result.kind === "unknown") {
        throw session.unreachable(`the definition of "${name}" may be changed or not: ${result.message}`);
      }
      const { outcome } = outcomeSchema.parse(result.rows[0]);
      return outcome === "written" ? { kind: "written", path: pathOf(name) } : { kind: "conflict" };
    },
  };
}
