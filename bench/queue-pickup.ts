import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startPostgres } from "../test/support/postgres/postgres.ts";
import { smallImage } from "./engine.ts";
import { type Bar, median, quantile, type Round, type Row, toRow } from "./measure.ts";
import { inWorkspace, type Workspace } from "./program.ts";
import { enqueuedAt, enqueueImage, type RunningAgent, startAgent } from "./queue-agent.ts";
import { inGitPlace } from "./queue-place.ts";
import { finish } from "./subprocess.ts";

/* How soon an agent that had nothing to do starts a run: from the write that enqueues it to the first line of its container. */

const measure = "an idle agent starts a run, from the write that enqueues it to its first line";
const floorWords = "(floor: `docker run` to the first line)";

const beyond = { unit: "s", of: "difference", is: "at most" } as const;

export const gitPickupBars: readonly [Bar, Bar] = [
  { measure: `git over HTTP: ${measure}; median ${floorWords}`, ...beyond, bar: 2 },
  { measure: `git over HTTP: ${measure}; 95th percentile ${floorWords}`, ...beyond, bar: 4 },
];

export const postgresPickupBars: readonly [Bar] = [
  { measure: `Postgres: ${measure}; median ${floorWords}`, ...beyond, bar: 0.3 },
];

/** Agents on stores of their own, so that they can be asked in turns: each sample finds one that has been idle for long. */
const agents = 4;
const samplesEach = 5;
const longIdleMs = 12_000;
const oneLine = ["sh", "-c", "echo line-of-$LAUNCH_RUN_ID"];

type Place = { readonly agent: RunningAgent; readonly store: string; readonly workspace: Workspace };

export function gitPickup(): Promise<readonly Row[]> {
  return inGitPlaces(agents, (urls) =>
    inWorkspace(async (workspace) => {
      const stores = urls.map((url) => `git+${url}`);
      const rounds = await sample(workspace, stores, samplesEach);
      const floor = median(rounds.map((round) => round.floor));
      const slowest =
        floor +
        quantile(
          rounds.map((round) => round.value - round.floor),
          0.95,
        );
      return [toRow(gitPickupBars[0], rounds), toRow(gitPickupBars[1], [{ value: slowest, floor }])];
    }),
  );
}

async function inGitPlaces<T>(count: number, use: (urls: readonly string[]) => Promise<T>): Promise<T> {
  if (count === 0) return use([]);
  return inGitPlaces(count - 1, (urls) => inGitPlace((place) => use([...urls, place.url])));
}

export async function postgresPickup(): Promise<readonly Row[]> {
  const server = await startPostgres({ durable: true });
  try {
    const stores = [await server.newDatabase(), await server.newDatabase()];
    return await inWorkspace(async (workspace) => [
      toRow(postgresPickupBars[0], await sample(workspace, stores, samplesEach)),
    ]);
  } finally {
    await server.stop();
  }
}

async function sample(workspace: Workspace, stores: readonly string[], each: number): Promise<readonly Round[]> {
  const places: Place[] = [];
  const rounds: Round[] = [];
  try {
    for (const [index, store] of stores.entries()) {
      const state = join(workspace.folder, `agent-${index}`);
      mkdirSync(state);
      places.push({ agent: await startAgent({ workspace, state, store }), store, workspace });
    }
    await delay(longIdleMs);
    for (let round = 0; round < each; round++) {
      for (const place of places) {
        // The agents' looks have a period of their own: a sample must fall anywhere in it.
        await delay(Math.random() * 1_000);
        rounds.push({ floor: await dockerStart(), value: await pickup(place) });
      }
    }
    return rounds;
  } finally {
    await Promise.all(places.map(({ agent }) => agent.stop()));
  }
}

async function pickup({ agent, store, workspace }: Place): Promise<number> {
  const submitter = { workspace, state: join(workspace.folder, "submitter"), store };
  const { runIds } = await enqueueImage({ ...submitter, image: smallImage, command: oneLine });
  const [runId = ""] = runIds;
  const started = await agent.said(`line-of-${runId}`);
  const written = (await enqueuedAt(submitter)).get(runId);
  if (written === undefined) throw new Error(`the store does not say when ${runId} was enqueued`);
  return (started - written) / 1000;
}

async function dockerStart(): Promise<number> {
  const { lines } = await finish({ command: "docker", args: ["run", "--rm", smallImage, "echo", "line"] });
  const [line] = lines;
  if (line === undefined) throw new Error("the container printed nothing");
  return line.seconds;
}
