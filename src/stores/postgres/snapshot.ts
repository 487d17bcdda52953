import { z } from "zod";
import { formatKey } from "../../queues/key.ts";
import type { SeenAgent } from "../agent-store.ts";
import { setLargeAside } from "../large-heads.ts";
import type { QueueEntry, QueueSnapshot, UnreadableBeat, UnreadableEntry } from "../queue-store.ts";
import { placed } from "../../run/transitions.ts";
import {
  beatColumn,
  entryOf,
  headColumn,
  judgedColumns,
  leftAlone,
  readBeatColumn,
  readQueuedHead,
  timeSchema,
} from "./rows.ts";
import type { Session } from "./session.ts";

/** One statement, so that all of it is of one moment. */
const snapshotQuery = `
SELECT 'run' AS kind, run_id AS name, queue, place, version, ${headColumn} AS content, cancel_requested, priority, key_time, unreadable, schema_version
  FROM launch.runs WHERE place IN ('waiting', 'leased', 'ended') AND ($1::text[] IS NULL OR queue = ANY ($1))
UNION ALL SELECT 'agent', agent, NULL, stop, version, ${beatColumn}, NULL, NULL, NULL, NULL, NULL FROM launch.agents
UNION ALL SELECT 'paused', queue, queue, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM launch.paused_queues
  WHERE $1::text[] IS NULL OR queue = ANY ($1)`;

const runRowSchema = z.object({
  kind: z.literal("run"),
  name: z.string(),
  queue: z.string(),
  place: z.enum(["waiting", "leased", "ended"]),
  version: z.string(),
  content: z.string().nullable(),
  ...judgedColumns,
  cancel_requested: z.boolean(),
  priority: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  key_time: timeSchema,
});

const rowSchema = z.discriminatedUnion("kind", [
  runRowSchema,
  z.object({
    kind: z.literal("agent"),
    name: z.string(),
    /** What it is asked for. */
    place: z.enum(["drain", "now"]).nullable(),
    version: z.string(),
    content: z.string().nullable(),
  }),
  z.object({ kind: z.literal("paused"), name: z.string() }),
]);

/** All of these queues, as they are now, with the agents and what is paused. */
export async function readSnapshot(
  session: Session,
  queues: readonly string[] | "all",
  signal: AbortSignal,
): Promise<QueueSnapshot> {
  const rows = await session.read(snapshotQuery, [queues === "all" ? null : queues], signal);
  const entries: QueueEntry[] = [];
  const large = new Map<QueueEntry, number>();
  const unreadable: UnreadableEntry[] = [];
  const agents: SeenAgent[] = [];
  const unreadableBeats = new Map<string, UnreadableBeat>();
  const paused: string[] = [];
  for (const each of rows) {
    const row = rowSchema.parse(each);
    if (row.kind === "paused") paused.push(row.name);
    else if (row.kind === "agent") {
      const read = readBeatColumn(row.name, row.content);
      const stop = row.place === null ? {} : { stop: row.place };
      if (read.kind === "beat") agents.push({ beat: read.beat, version: row.version, ...stop });
      else unreadableBeats.set(row.name, { version: row.version, why: read.why });
    } else {
      const { queue, place, version, priority, key_time: time, cancel_requested: cancelRequested } = row;
      const read = leftAlone(row) ?? readQueuedHead(row.name, queue, row.content);
      if (read.kind === "run") {
        const entry = entryOf({ place, version, time, run: placed(read.run, place), cancelRequested });
        entries.push(entry);
        if (read.bytes !== undefined) large.set(entry, read.bytes);
      } else {
        const key = formatKey({ priority, time, runId: row.name });
        const newer = read.isNewer === true ? { isNewer: true } : {};
        unreadable.push({ queue, key, version, why: read.why, place, ...newer });
      }
    }
  }
  const sorted = entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { ...setLargeAside({ entries: sorted, unreadable }, large), agents, unreadableBeats, paused };
}
