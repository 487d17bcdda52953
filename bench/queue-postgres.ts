import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { silentLog } from "../src/core/output/log.ts";
import { stateDirectoryAt } from "../src/core/state-directory.ts";
import { openStore } from "../src/stores/index.ts";
import { parseStoreUrl } from "../src/stores/location.ts";
import type { PickRequest, QueueStore } from "../src/stores/queue-store.ts";
import { postgresPrograms, type PostgresServer, sql, startPostgres } from "../test/support/postgres/postgres.ts";
import { queuedDocument } from "../test/support/stores/run-document.ts";
import { firstLineOf } from "../test/support/git/server-process.ts";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { queue, timed } from "./queue-place.ts";

export const throughputBars: readonly [Bar] = [
  {
    measure: "Postgres: claims a second with 16 agents, over a bare SKIP LOCKED loop",
    unit: "count",
    of: "ratio",
    is: "at least",
    bar: 0.7,
  },
];

export const depthBars: readonly [Bar] = [
  {
    measure: "Postgres: a claim with 10,000 waiting, over one with 10 waiting",
    unit: "ms",
    of: "ratio",
    is: "at most",
    bar: 2,
  },
];

/** Why it can't be measured here; undefined when it can. */
export function missingPostgres(): string | undefined {
  return postgresPrograms() === undefined ? "no Postgres server is installed (initdb)" : undefined;
}

const agents = 16;
const runs = 1_600;
/** As large as what travels with a usual run. */
const record = { spec: "x".repeat(1_500) };

async function inPostgres<T>(use: (server: PostgresServer) => Promise<T>): Promise<T> {
  const server = await startPostgres({ durable: true });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

function open(url: string): Promise<QueueStore> {
  return openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt("/nonexistent") });
}

async function fill(store: QueueStore, count: number, name: string, into = queue): Promise<void> {
  const documents = Array.from({ length: count }, (_, index) =>
    queuedDocument(`${name}-${index}`, { queue: into }, {}, { record }),
  );
  await store.enqueue(documents, AbortSignal.timeout(120_000));
}

/** Each agent is a process with a connection of its own; the database is new in each round, for both. */
export function claimsASecond(): Promise<readonly Row[]> {
  return inPostgres(async (server) => {
    const value = async (): Promise<number> => {
      const url = await server.newDatabase();
      const store = await open(url);
      await fill(store, runs, "bench");
      await store.close();
      await sql(url, "VACUUM ANALYZE");
      return race("store", url);
    };
    const floor = async (): Promise<number> => {
      const url = await server.newDatabase();
      await sql(
        url,
        `CREATE TABLE bare (id bigserial PRIMARY KEY, state text NOT NULL, priority integer NOT NULL, agent text, head jsonb, record json);
         CREATE INDEX ON bare (priority, id) WHERE state = 'waiting';`,
      );
      const { run } = queuedDocument("bench");
      const [head, body] = [JSON.stringify(run), JSON.stringify(record)];
      await sql(
        url,
        `INSERT INTO bare (state, priority, head, record) SELECT 'waiting', 2, '${head}', '${body}' FROM generate_series(1, ${runs})`,
      );
      await sql(url, "VACUUM ANALYZE");
      return race("bare", url);
    };
    return [toRow(throughputBars[0], await interleave({ rounds: 3, warmUp: 0, value, floor }))];
  });
}

/** Claims a second of all agents together, from the moment when all are ready. */
async function race(kind: "store" | "bare", url: string): Promise<number> {
  const children = Array.from({ length: agents }, (_, index) =>
    spawn(process.execPath, [join(import.meta.dirname, "queue-claimer.ts"), kind, url, `agent-${index}`], {
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
  try {
    await Promise.all(children.map(firstLineOf));
    const start = performance.now();
    const taken = await Promise.all(
      children.map(async (child: ChildProcess) => {
        child.stdin?.write("go");
        return Number(await firstLineOf(child));
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    const all = taken.reduce((sum, count) => sum + count, 0);
    if (all !== runs) throw new Error(`${all} of ${runs} runs were taken`);
    return all / seconds;
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** One agent, one connection; what is taken is put in again, so that as many wait each time. */
export function claimByDepth(): Promise<readonly Row[]> {
  return inPostgres(async (server) => {
    const url = await server.newDatabase();
    const store = await open(url);
    await fill(store, 10_000, "deep", "deep");
    await fill(store, 10, "shallow", "shallow");
    await sql(url, "VACUUM ANALYZE");
    let added = 0;
    const claim = async (from: string): Promise<number> => {
      const { picks } = store;
      if (picks === undefined) throw new Error("the store can't pick");
      const request: PickRequest = {
        queue: from,
        lease: { agent: "bench", incarnation: "1", since: new Date().toISOString() },
        order: { mode: "priority", ageingMs: undefined },
        limits: { running: undefined, runningPerSubmitter: undefined },
        agent: { free: {}, timeLeftMs: undefined },
      };
      const ms = await timed(async () => {
        const { kind } = await picks.claimNext(request, AbortSignal.timeout(10_000));
        if (kind !== "won") throw new Error(`the claim was ${kind}`);
      });
      added += 1;
      await fill(store, 1, `more-${added}`, from);
      return ms;
    };
    const [value, floor] = [() => claim("deep"), () => claim("shallow")];
    const row = toRow(depthBars[0], await interleave({ rounds: 41, warmUp: 5, value, floor }));
    await store.close();
    return [row];
  });
}
