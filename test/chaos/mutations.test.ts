import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { type JsonObject, readJsonObject } from "../../src/core/json.ts";
import { recordBounds } from "../../src/run/bounds.ts";
import { without } from "../../src/run/transitions/change.ts";
import { lookUpDefinition } from "../../src/queueing/queue-definitions.ts";
import { unreadNamed } from "../../src/queueing/unread-runs.ts";
import { queueViewer } from "../../src/queueing/watch-queues.ts";
import type { QueuePlace } from "../../src/stores/queue-store.ts";
import { type AgentPlace, agentPlace, until } from "../support/agent/agent.ts";
import { beatOf } from "../support/agent/agent-beat.ts";
import { isSoak } from "../support/chaos/heavy.ts";
import { seeded } from "../support/chaos/seeded.ts";
import { describeWith } from "../support/engines.ts";
import { type PostgresServer, startPostgres } from "../support/postgres/postgres.ts";
import { keyOf, type PlantedRun } from "../support/stores/damaged-items.ts";
import { largeHead, mutated } from "../support/stores/mutations.ts";
import { plantBranch, plantRefs, plantRunsInGit, removeRefs } from "../support/stores/plant.ts";

/*
 * Runs, beats and definitions that are changed by chance lie before an ordinary run in a queue that an agent serves: the run is started, the
 * agent goes on, and its memory stays within its bound. `npm run test:soak` tries ten thousand and more.
 */
vi.setConfig({ testTimeout: 1_800_000, hookTimeout: 120_000 });

const rounds = isSoak ? 24 : 3;
const runsEach = 200;
const beatsEach = 30;
const definitionsEach = 10;
const places: readonly QueuePlace[] = ["waiting", "leased", "ended"];
/** Of them at first, all at once, nothing being wrong with them but their length. */
const largeHeads = 400;
const largeBytes = 250_000;
/** At its peak, what is garbage by then included. */
const maxMegabytes = 200;

const root = join(import.meta.dirname, "../..");
const documents = join(import.meta.dirname, "../fixtures/documents");
function written(...path: readonly string[]): JsonObject {
  const read = readJsonObject(readFileSync(join(documents, ...path)), recordBounds);
  if (read.kind === "other") throw new Error(read.why);
  return read.value;
}

const heads = {
  waiting: written("queued", "run.json"),
  leased: written("leased", "run.json"),
  ended: written("failed", "run.json"),
};
const record = without(written("queued", "record.json"), ["queued"]);
const definition: JsonObject = {
  resource: "local-process",
  limits: { running: 2, waiting: 50, timeout: { max: "1h" } },
  order: "fifo",
};

type Round = {
  readonly runs: readonly PlantedRun[];
  readonly beats: ReadonlyMap<string, Buffer>;
  readonly definitions: ReadonlyMap<string, Buffer>;
};

function roundOf(number: number, random: () => number): Round {
  const now = Date.now();
  const runs = Array.from({ length: runsEach }, (_, index): PlantedRun => {
    const place = places[index % places.length] ?? "waiting";
    const runId = `odd-${number}-${index}`;
    const own = (value: JsonObject): JsonObject => ({ ...value, run_id: runId });
    const isHead = index % 2 === 0;
    const bytes = (value: JsonObject, change: boolean): Buffer =>
      change ? mutated(own(value), random) : Buffer.from(JSON.stringify(own(value)));
    return {
      ...{ name: runId, runId, place, time: now - 600_000 + index },
      head: index % 7 === 3 ? largeHead(own(heads[place]), largeBytes, random) : bytes(heads[place], isHead),
      record: bytes(record, !isHead),
    };
  });
  const beat: JsonObject = JSON.parse(JSON.stringify(beatOf("odd", "odd-1"))) as JsonObject;
  const named = (count: number, of: (name: string) => JsonObject): ReadonlyMap<string, Buffer> =>
    new Map(Array.from({ length: count }, (_, index) => [`odd-${index}`, mutated(of(`odd-${index}`), random)]));
  return {
    runs,
    beats: named(beatsEach, (agent) => ({ ...beat, agent, sequence: number })),
    definitions: named(definitionsEach, () => definition),
  };
}

/** Runs that are as they should be, with heads of any length. */
function crowd(random: () => number): Round {
  const runs = Array.from({ length: largeHeads }, (_, index): PlantedRun => {
    const place = places[index % places.length] ?? "waiting";
    const runId = `odd-large-${index}`;
    const bytes = largeBytes * (index % 2 === 0 ? 1 : random());
    const head = largeHead({ ...heads[place], run_id: runId }, bytes, random);
    const time = Date.now() - 900_000 + index;
    return { name: runId, runId, place, time, head, record: Buffer.from(JSON.stringify({ ...record, run_id: runId })) };
  });
  return { runs, beats: new Map(), definitions: new Map() };
}

/** Where odd things can be put; gives how many could be. */
type Ground = { plant(round: Round): Promise<number>; clear(): Promise<void> };

function gitGround(place: AgentPlace): Ground {
  const directory = place.url.replace("git+file://", "");
  const planted: string[] = [];
  return {
    plant: ({ runs, beats, definitions }) => {
      planted.push(...plantRunsInGit(directory, "default", runs));
      plantRefs(directory, new Map([...beats].map(([agent, bytes]) => [`a/${agent}`, { "agent.json": bytes }])));
      plantBranch(
        directory,
        Object.fromEntries([...definitions].map(([name, bytes]) => [`.launch/queues/${name}.yaml`, bytes])),
      );
      return Promise.resolve(runs.length + beats.size + definitions.size);
    },
    clear: () => {
      removeRefs(directory, planted.splice(0));
      return Promise.resolve();
    },
  };
}

async function postgresGround(url: string): Promise<Ground & { end(): Promise<void> }> {
  const client = new pg.Client(url);
  await client.connect();
  const tried = async (text: string, values: readonly unknown[]): Promise<boolean> => {
    try {
      await client.query(text, [...values]);
      return true;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      return false;
    }
  };
  let number = 0;
  return {
    plant: async ({ runs, beats, definitions }) => {
      number++;
      let count = 0;
      // A part comes by the way that submitters have.
      for (const [index, run] of runs.entries()) {
        const values = [run.head.toString(), String(run.record)];
        const asked = index % 4 === 0 && run.place === "waiting";
        if (!asked) await client.query("SET session_replication_role = replica");
        const isThere = asked
          ? await tried(
              "SELECT * FROM launch.enqueue(1000000, ARRAY[$1::text], ARRAY[$2::text], ARRAY[$3::jsonb], ARRAY[$4::json], ARRAY[NULL::bytea], ARRAY[NULL::bytea])",
              [`n-${run.runId}`, run.runId, ...values],
            )
          : await tried(
              `INSERT INTO launch.runs (run_id, place, version, nonces, head, record, created_at, submitter, queue, priority, key_time, slots, schema_version)
               VALUES ($1, $2, $3, '{}', $4, $5, '', '', 'default', 2, $6, coalesce($4::jsonb -> 'queued' -> 'slots', '{}'), 1)`,
              [run.runId, run.place, keyOf(run), ...values, run.time],
            );
        await client.query("SET session_replication_role = origin");
        if (isThere || asked) count++;
      }
      for (const [agent, bytes] of beats) {
        const text =
          "INSERT INTO launch.agents (agent, version, beat) VALUES ($1, $2, $3) ON CONFLICT (agent) DO UPDATE SET beat = EXCLUDED.beat, version = EXCLUDED.version";
        if (await tried(text, [agent, `v-${number}`, bytes.toString()])) count++;
      }
      for (const [name, bytes] of definitions) {
        const text =
          "INSERT INTO launch.definitions (name, definition, version, changed_by) VALUES ($1, $2, $3, '') ON CONFLICT (name) DO UPDATE SET definition = EXCLUDED.definition, version = EXCLUDED.version";
        if (await tried(text, [name, bytes.toString(), `v-${number}`])) count++;
      }
      if (number % 2 === 0) await client.query("SELECT launch.mark_unreadable()");
      return count;
    },
    clear: async () => {
      await client.query("DELETE FROM launch.runs WHERE run_id LIKE 'odd-%'");
    },
    end: () => client.end(),
  };
}

const memoryOf = (pid: number | undefined, what: "VmHWM"): number => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
};

/** An agent as users have it, from the bundle: one of the sources has its compiler's memory besides. */
async function userAgent(place: AgentPlace) {
  const config = join(place.folder, "launch-config.yaml");
  await writeFile(config, JSON.stringify({ allow: { local_process: "trusted", sources: ["git", place.folder] } }));
  const child = spawn(
    process.execPath,
    [join(root, "bin/launch.js"), "agent", "-q", "default", "-j", "4", "-c", config, "--store", place.url],
    { env: { ...process.env, LAUNCH_STATE_HOME: place.state.path }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => said.push(data.toString()));
  return { child, said };
}

async function serve(place: AgentPlace, ground: Ground, seed: number): Promise<void> {
  const random = seeded(seed);
  const { signal } = new AbortController();
  // Makes the tables, too.
  await place.enqueue(["true"]);
  const { child, said } = await userAgent(place);
  onTestFinished(() => void child.kill("SIGKILL"));
  await until(() => place.jobs().some(({ what }) => what === "end"));
  const before = memoryOf(child.pid, "VmHWM");
  let count = 0;
  for (let round = 0; round <= rounds; round++) {
    const odd = round === 0 ? crowd(random) : roundOf(round, random);
    count += await ground.plant(odd);
    const [runId = ""] = await place.enqueue(["true"]);
    await until(
      () => child.exitCode !== null || place.jobs().some((event) => event.what === "begin" && event.runId === runId),
    );
    expect(child.exitCode, said.join("").slice(-2_000)).toBeNull();
    const viewer = queueViewer(place.store, systemClock);
    viewer.report("default", await viewer.look(["default"], signal));
    for (const name of odd.definitions.keys()) await lookUpDefinition({ queue: name }, place.store, signal);
    const { unreadable } = await place.store.snapshot("all", signal);
    for (const { key } of unreadable)
      expect(unreadNamed(key.split("-").slice(2).join("-"), unreadable)).toHaveLength(1);
    await ground.clear();
  }
  const megabytes = memoryOf(child.pid, "VmHWM");
  process.stderr.write(
    `${count} odd items in ${rounds} rounds: the agent's memory at most ${Math.round(megabytes)} MB, ${Math.round(before)} MB before\n`,
  );
  expect(megabytes).toBeLessThanOrEqual(maxMegabytes);
  expect(said.join("")).not.toMatch(/is a bug|RangeError|TypeError/);
}

describe("odd items in a bare repository", () => {
  let place: AgentPlace;
  beforeAll(async () => {
    place = await agentPlace();
  });
  afterAll(() => place.remove());
  test("stop neither the queue nor its agent", () => serve(place, gitGround(place), 20261130));
});

describeWith(["postgres"], "odd items in a Postgres database", () => {
  let server: PostgresServer;
  let place: AgentPlace;
  let ground: Awaited<ReturnType<typeof postgresGround>>;
  beforeAll(async () => {
    server = await startPostgres();
    const url = await server.newDatabase();
    place = await agentPlace(url);
    ground = await postgresGround(url);
  });
  afterAll(async () => {
    await ground.end();
    await place.remove();
    await server.stop();
  });
  test("stop neither the queue nor its agent", () => serve(place, ground, 20261201));
});
