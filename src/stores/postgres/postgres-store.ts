import { z } from "zod";
import type { Database } from "../../clients/postgres/database.ts";
import type { Log } from "../../core/output/log.ts";
import type { AgentBeat } from "../../run/beat.ts";
import type { AgentStore, BeatWrite, SeenAgent } from "../agent-store.ts";
import type { WholeStore } from "../whole-store.ts";
import type { RunHead } from "../../run/head.ts";
import { hearChanges } from "./changes.ts";
import { queueClaims } from "./claims.ts";
import { definitionStore } from "./definitions.ts";
import { maxWaiting, queueWrites } from "./queue.ts";
import { placed } from "../../run/transitions.ts";
import { schemaVersion } from "../../run/head.ts";
import { headColumn, headText, readBeatColumn, readHead } from "./rows.ts";
import { limitOf, newNonce, outcomeSchema, runStore } from "./runs.ts";
import { openSession, type Session, type Written } from "./session.ts";
import { readSnapshot } from "./snapshot.ts";

export type PostgresStoreRequest = {
  readonly connection: string;
  /** Without credentials. */
  readonly location: string;
  readonly database: Database;
  readonly log: Log;
};

/** A store in a Postgres database: its tables are in the schema `launch`. */
export function postgresStore({ connection, location, database, log }: PostgresStoreRequest): WholeStore {
  const session = openSession({ location, database, log });
  const changes = hearChanges(connection, location, log);
  return {
    location,
    capabilities: { order: "ours", leases: "ours", wakes: true, maxWaiting, leastHeartbeatMs: 0 },
    identify: (signal) => identify(session, signal),
    ...runStore(session),
    ...queueWrites(session),
    ...queueClaims(session),
    definitions: definitionStore(session),
    snapshot: (queues, signal) => {
      changes.looking(queues);
      return readSnapshot(session, queues, signal);
    },
    ...agents(session),
    pause: async (queue, paused, signal) => {
      settled(session, await session.write("SELECT launch.pause($1, $2)", [queue, paused], signal));
    },
    history: (queue, limit, signal) => history(session, { queue, limit }, signal),
    fold: async (queue, keep, signal) => {
      const text = "SELECT launch.fold($1, $2, $3) AS folded";
      const rows = settled(session, await session.write(text, [newNonce(), queue, keep], signal));
      return z.object({ folded: z.number() }).parse(rows[0]).folded;
    },
    wait: (queues, ms, signal) => changes.wait(queues, ms, signal),
    close: async () => {
      await changes.close();
      await session.close();
    },
  };
}

function agents(session: Session): AgentStore {
  return {
    beat: (beat, expected, signal) => writeBeat(session, { beat, expected }, signal),
    requestStop: async ({ beat }, level, signal) => {
      const text = "SELECT launch.request_stop($1, $2, $3)";
      settled(session, await session.write(text, [beat.agent, beat.incarnation, level], signal));
    },
    forget: async ({ agent, version }, signal) => {
      settled(session, await session.write("SELECT launch.forget_agent($1, $2)", [agent, version], signal));
    },
  };
}

/** Where there are no tables yet, they are made. */
async function identify(session: Session, signal: AbortSignal): Promise<string> {
  const rows = settled(session, await session.write("SELECT id::text AS id FROM launch.store", [], signal));
  return z.object({ id: z.string() }).parse(rows[0]).id;
}

/** For what may be done again later: nothing is lost when nobody knows whether it was done. */
function settled(session: Session, result: Written): readonly unknown[] {
  if (result.kind === "unknown") throw session.unreachable(result.message);
  return result.rows;
}

async function writeBeat(
  session: Session,
  { beat, expected }: { readonly beat: AgentBeat; readonly expected: string | undefined },
  signal: AbortSignal,
): Promise<BeatWrite> {
  const text = "SELECT outcome, current, present::text AS present FROM launch.beat($1, $2, $3, $4)";
  const result = await session.write(text, [newNonce(), beat.agent, expected ?? null, headText(beat)], signal);
  if (result.kind === "unknown") return result;
  const { outcome, current } = outcomeSchema.parse(result.rows[0]);
  if (outcome === "written" && current !== null) return { kind: "written", version: current };
  return { kind: "conflict", current: seenOf(beat.agent, result.rows[0]) };
}

function seenOf(agent: string, row: unknown): SeenAgent | undefined {
  const seen = z.object({ current: z.string(), present: z.string().nullable() }).safeParse(row);
  const read = readBeatColumn(agent, seen.data?.present ?? null);
  return seen.success && read.kind === "beat" ? { beat: read.beat, version: seen.data.current } : undefined;
}

async function history(
  session: Session,
  { queue, limit }: { readonly queue: string; readonly limit: number },
  signal: AbortSignal,
): Promise<readonly RunHead[]> {
  const rows = await session.read(
    `SELECT run_id, ${headColumn} AS head FROM launch.runs WHERE queue = $1 AND place IN ('ended', 'folded') AND unreadable IS NULL AND schema_version <= ${schemaVersion}
       ORDER BY finished_at DESC NULLS LAST, run_id DESC LIMIT $2`,
    [queue, limitOf(limit)],
    signal,
  );
  return z
    .array(z.object({ run_id: z.string(), head: z.string().nullable() }))
    .parse(rows)
    .flatMap(({ run_id: runId, head }) => {
      const read = readHead(runId, head);
      return read.kind === "run" ? [placed(read.run, "ended")] : [];
    });
}
