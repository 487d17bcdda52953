import { z } from "zod";
import type { DefinitionStore, StoredDefinition } from "../definition-store.ts";
import { newNonce, outcomeSchema } from "./runs.ts";
import type { Session } from "./session.ts";

const rowSchema = z.object({ name: z.string(), definition: z.string(), version: z.string() });

/** Definitions as rows, which the admin role alone may write; `launch.definition_changes` keeps what they were, who changed them, and when. */
export function definitionStore(session: Session): DefinitionStore {
  const pathOf = (name: string): string => `queue "${name}"`;
  const storedOf = (row: unknown): StoredDefinition => {
    const { name, definition: text, version } = rowSchema.parse(row);
    return { name, text, version, path: pathOf(name) };
  };
  return {
    read: async (name, signal) => {
      const text = "SELECT name, definition, version FROM launch.definitions WHERE name = $1";
      const [row] = await session.read(text, [name], signal);
      return row === undefined ? undefined : storedOf(row);
    },
    list: async (signal) => {
      const text = "SELECT name, definition, version FROM launch.definitions ORDER BY name";
      return (await session.read(text, [], signal)).map(storedOf);
    },
    write: async ({ name, text, expected, by }, signal) => {
      const values = [newNonce(), name, expected ?? null, text ?? null, by];
      const result = await session.write(
        "SELECT outcome, current FROM launch.define($1, $2, $3, $4, $5)",
        values,
        signal,
      );
      if (result.kind === "unknown") {
        throw session.unreachable(`the definition of "${name}" may be changed or not: ${result.message}`);
      }
      const { outcome } = outcomeSchema.parse(result.rows[0]);
      return outcome === "written" ? { kind: "written", path: pathOf(name) } : { kind: "conflict" };
    },
  };
}
