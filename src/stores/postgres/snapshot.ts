import { z } from "zod";
import { formatKey } from "../../queues/key.ts";
import { readBeat } from "../../run/beat.ts";
import type { SeenAgent } from "../agent-store.ts";
import type { QueueEntry, QueueSnapshot, UnreadableBeat, UnreadableEntry } from "../queue-store.ts";
import { placed } from "../../run/transitions.ts";
import { entryOf, readQueuedHead, timeSchema } from "./rows.ts";
import type { Session } from "./session.ts";

/** One statement, so that all of it is of one moment. */
const snapshotQuery = `
SELECT 'run' AS kind, run_id AS name, queue, place, version, head AS content, cancel_requested, priority, key_time FROM launch.runs
  WHERE place IN ('waiting', 'leased', 'ended') AND ($1::text[] IS NULL OR queue = ANY ($1))
UNION ALL SELECT 'agent', agent, NULL, stop, version, beat, NULL, NULL, NULL FROM launch.agents
UNION ALL SELECT 'paused', queue, queue, NULL, NULL, NULL, NULL, NULL, NULL FROM launch.paused_queues
  WHERE $1::text[] IS NULL OR queue = ANY ($1)`;

const rowSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("run"),
    name: z.string(),
    queue: z.string(),
    place: z.enum(["waiting", "leased", "ended"]),
    version: z.string(),
    content: z.unknown(),
    cancel_requested: z.boolean(),
    priority: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
    key_time: timeSchema,
  }),
  z.object({
    kind: z.literal("agent"),
    name: z.string(),
    /** What it is asked for. */
    place: z.enum(["drain", "now"]).nullable(),
    version: z.string(),
    content: z.unknown(),
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
  const unreadable: UnreadableEntry[] = [];
  const agents: SeenAgent[] = [];
  const unreadableBeats = new Map<string, UnreadableBeat>();
  const paused: string[] = [];
  for (const each of rows) {
    const row = rowSchema.parse(each);
    if (row.kind === "paused") paused.push(row.name);
    else if (row.kind === "agent") {
      const read = readBeat(row.name, row.content);
      const stop = row.place === null ? {} : { stop: row.place };
      if (read.kind === "beat") agents.push({ beat: read.beat, version: row.version, ...stop });
      else unreadableBeats.set(row.name, { version: row.version, why: read.why });
    } else {
      const { queue, place, version, priority, key_time: time, cancel_requested: cancelRequested } = row;
      const read = readQueuedHead(row.name, queue, row.content);
      if (read.kind === "run")
        entries.push(entryOf({ place, version, time, run: placed(read.run, place), cancelRequested }));
      else {
        const key = formatKey({ priority, time, runId: row.name });
        unreadable.push({ queue, key, version, why: read.why, place });
      }
    }
  }
  const sorted = entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { entries: sorted, unreadable, agents, unreadableBeats, paused };
}
