import { z } from "zod";
import type { ListedRun, Store, WriteResult } from "../store.ts";
import type { RunDocument } from "../../run/document.ts";
import { placed, placedDocument } from "../../run/transitions.ts";
import {
  documentColumns,
  documentValues,
  headColumn,
  judgedColumns,
  leftAlone,
  readDocument,
  readHead,
} from "./rows.ts";
import type { Session } from "./session.ts";

export const outcomeSchema = z.object({ outcome: z.enum(["written", "conflict"]), current: z.string().nullable() });

/** A nonce: the version of what it writes. */
export const newNonce = (): string => crypto.randomUUID();

/** A LIMIT of null is none. */
export function limitOf(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}

/** Runs as any store has them; those of queues can be read and listed here too. */
export function runStore(session: Session): Omit<Store, "location" | "close"> {
  return {
    create: (document, signal) =>
      write(session, { call: "create_run($1, $2, $3, $4, $5, $6)", expected: [], document }, signal),
    update: (document, expected, signal) =>
      write(session, { call: "update_run($1, $2, $3, $4, $5, $6, $7)", expected: [expected], document }, signal),
    read: async (runId, signal) => {
      const text = `SELECT ${documentColumns("r")}, ${placeColumn} FROM launch.runs r WHERE r.run_id = $1`;
      const [row] = await session.read(text, [runId], signal);
      if (row === undefined) return undefined;
      const { document, version } = readDocument(row);
      const { place } = placeSchema.parse(row);
      return { ...(place === null ? document : placedDocument(document, place)), version };
    },
    list: async (limit, signal) => {
      const text = `SELECT run_id, version, ${headColumn} AS head, unreadable, schema_version, ${placeColumn} FROM launch.runs ORDER BY created_at DESC, run_id DESC LIMIT $1`;
      const rows = await session.read(text, [limitOf(limit)], signal);
      return rows.map(listed);
    },
    remove: async (runs, signal) => {
      const ids = runs.map(({ runId }) => runId);
      // Nothing is made to remove something from it.
      const known = await session.read("SELECT run_id FROM launch.runs WHERE run_id = ANY ($1) LIMIT 1", [ids], signal);
      if (known.length === 0) return ids;
      const text = "SELECT removed FROM launch.remove_runs($1, $2) AS removed";
      const result = await session.write(text, [ids, runs.map(({ version }) => version)], signal);
      if (result.kind === "unknown") return [];
      return z
        .array(z.object({ removed: z.string() }))
        .parse(result.rows)
        .map(({ removed }) => removed);
    },
    // The server's own vacuum does it.
    compact: () => Promise.resolve(),
  };
}

type RunWrite = {
  /** Of a function of the schema, with its places. */
  readonly call: string;
  /** The version that it replaces, where there is one. */
  readonly expected: readonly string[];
  readonly document: RunDocument;
};

async function write(
  session: Session,
  { call, expected, document }: RunWrite,
  signal: AbortSignal,
): Promise<WriteResult> {
  const values = [newNonce(), document.run.run_id, ...expected, ...documentValues(document)];
  const result = await session.write(`SELECT outcome, current FROM launch.${call}`, values, signal);
  if (result.kind === "unknown") return result;
  const { outcome, current } = outcomeSchema.parse(result.rows[0]);
  if (outcome === "written" && current !== null) return { kind: "written", version: current };
  return { kind: "conflict", current: current ?? undefined };
}

/** Where a run is, in its queue; none for one that no queue holds. */
const placeColumn = "CASE place WHEN 'direct' THEN NULL WHEN 'folded' THEN 'ended' ELSE place END AS place";
const placeSchema = z.object({ place: z.enum(["waiting", "leased", "ended"]).nullable() });

const listedSchema = placeSchema.extend({
  ...judgedColumns,
  run_id: z.string(),
  version: z.string(),
  head: z.string().nullable(),
});

function listed(row: unknown): ListedRun {
  const { run_id: runId, version, head, place, ...judged } = listedSchema.parse(row);
  const read = leftAlone(judged) ?? readHead(runId, head);
  if (read.kind === "unreadable") return { ...read, runId, version };
  return { kind: "run", run: place === null ? read.run : placed(read.run, place), version };
}
