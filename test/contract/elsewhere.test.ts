import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AskedAgent } from "../../src/agent/request.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Json } from "../../src/core/json.ts";
import { stateDirectoryAt } from "../../src/core/state-directory.ts";
import { cancelEntries } from "../../src/queueing/cancel-runs.ts";
import { readRecord } from "../../src/run/read-record.ts";
import type { RunRecord } from "../../src/run/record.ts";
import { type AgentPlace, agentPlace, until } from "../support/agent/agent.ts";
import { type Cluster, type ClusterOrder, startCluster } from "../support/cluster/cluster.ts";
import { type PostgresServer, postgresPrograms, startPostgres } from "../support/postgres/postgres.ts";
import { attemptIn } from "../support/launch/attempt.ts";

/* What is submitted elsewhere goes on without its agent: another one, on another machine, follows the same attempt by its handle. */

const lease = { ttlMs: 2_000, heartbeatMs: 400 };
const signal = new AbortController().signal;

let server: PostgresServer | undefined;
afterAll(() => server?.stop());
const newDatabase = async (): Promise<string> => (server ??= await startPostgres()).newDatabase();

const stores: Readonly<Record<string, () => Promise<string | undefined>>> = {
  "a bare repository": () => Promise.resolve(undefined),
  ...(postgresPrograms() === undefined ? {} : { "a Postgres database": newDatabase }),
};

describe.each(Object.entries(stores))("a run that is elsewhere, of a queue in %s", (_name, storeUrl) => {
  let place: AgentPlace;
  let cluster: Cluster;

  beforeEach(async () => {
    place = await agentPlace(await storeUrl());
  });
  afterEach(async () => {
    await place.remove();
    await cluster.stop();
  });

  const begin = async (order: Partial<ClusterOrder> = {}): Promise<void> => {
    cluster = await startCluster(order);
  };
  const enqueue = async (spec: Readonly<Record<string, Json>> = {}): Promise<string> => {
    const asked = { resource: "kubernetes", retry: { max_attempts: 4, backoff: "1s" } };
    const [runId = ""] = await place.enqueue(["train"], { ...asked, ...spec });
    return runId;
  };
  const agentOn = (host: string, request: Partial<AskedAgent> = {}): ReturnType<AgentPlace["spawn"]> =>
    place.spawn({ agent: host, lease, ...request }, [], [], {
      host,
      state: join(place.folder, host),
      cluster: cluster.url,
    });
  const kill = async ({ child }: Awaited<ReturnType<typeof agentOn>>): Promise<void> => {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  const recordOf = async (runId: string): Promise<RunRecord> => {
    const stored = await place.store.read(runId, signal);
    if (stored === undefined) throw new Error(`${runId} is not in the store`);
    return readRecord(stored);
  };
  const isEnded = async (runId: string): Promise<boolean> =>
    (await place.store.read(runId, signal))?.run.finished_at !== undefined;
  const isSubmitted = async (runId: string): Promise<boolean> => (await recordOf(runId)).handle !== undefined;
  const isStarted = async (count = 1): Promise<boolean> => (await cluster.seen()).starts === count;
  const holderOf = async (runId: string): Promise<string | undefined> =>
    (await place.store.read(runId, signal))?.run.lease?.agent;
  const outputOn = (host: string, runId: string): Promise<string> => {
    const state = stateDirectoryAt(join(place.folder, host));
    return readFile(state.logFile(attemptIn(state, runId)), "utf8");
  };
  const wholeOutput = (): readonly string[] => Array.from({ length: cluster.order.lines }, (_, at) => `line ${at + 1}`);

  /** It has ended well in its first attempt, which was started once, and whoever followed it at the end has all of its output. */
  const expectFollowed = async (runId: string, host: string): Promise<void> => {
    await until(() => isEnded(runId));
    const record = await recordOf(runId);
    expect(record).toMatchObject({ state: "succeeded", attempt: 1, exit_code: 0, launcher: { host } });
    expect(record.attempts).toMatchObject([{ attempt: 1, agent: host, host, state: "succeeded" }]);
    expect(record.started_at?.localeCompare(record.submitted_at ?? "")).toBeGreaterThanOrEqual(0);
    const lines = (await outputOn(host, runId)).match(/line \d+/g);
    expect(lines).toEqual(wholeOutput());
    expect(record.log).toMatchObject({ lines: cluster.order.lines, complete: true });
    // It is removed once its end is written.
    await until(async () => (await cluster.seen()).names.length === 0);
    expect((await cluster.seen()).starts).toBe(1);
  };

  it("goes on under an agent on another machine when its own was killed", async () => {
    await begin({ lines: 80 });
    const runId = await enqueue();
    const first = await agentOn("host-a");
    await until(() => isStarted());
    await until(async () => (await recordOf(runId)).started_at !== undefined);
    const startedAt = (await recordOf(runId)).started_at;
    await kill(first);
    await agentOn("host-b");
    await expectFollowed(runId, "host-b");
    expect((await recordOf(runId)).started_at).toBe(startedAt);
  }, 60_000);

  it("is followed when its agent was killed while it was being submitted, by a slow cluster", async () => {
    await begin({ startMs: 1_000, answerMs: 200 });
    const runId = await enqueue();
    const first = await agentOn("host-a");
    await until(() => isSubmitted(runId));
    await delay(300);
    await kill(first);
    expect((await cluster.seen()).starts).toBe(0);
    await until(() => isStarted());
    await agentOn("host-b");
    await expectFollowed(runId, "host-b");
  }, 60_000);

  it("is started once, at whatever moment its agent is killed", async () => {
    await begin({ lines: 10, startMs: 100 });
    const afterMs = [200, 600, 1_000, 1_500, 2_200];
    const runIds: string[] = [];
    while (runIds.length < afterMs.length) runIds.push(await enqueue());
    await Promise.all(
      afterMs.map(async (ms) => {
        const first = await agentOn(`host-${ms}`, { drain: false });
        await delay(ms);
        await kill(first);
      }),
    );
    await agentOn("host-b", { maxJobs: runIds.length, drain: false });
    for (const runId of runIds) {
      await until(() => isEnded(runId));
      expect(await recordOf(runId)).toMatchObject({ state: "succeeded" });
    }
    expect((await cluster.seen()).starts).toBe(runIds.length);
  }, 90_000);

  it("is started by another where its agent was killed before it had submitted it", async () => {
    await begin();
    const runId = await enqueue();
    const { entries } = await place.store.snapshot(["default"], signal);
    const [entry] = entries;
    if (entry === undefined) throw new Error("nothing waits");
    // As an agent does that is killed right after its claim.
    const gone = { agent: "host-a", incarnation: "1", attempt: 1, since: new Date().toISOString() };
    expect((await place.store.claim({ entry, lease: gone }, signal)).kind).toBe("won");
    await agentOn("host-b", { drain: false });
    await until(() => isEnded(runId));
    expect(await recordOf(runId)).toMatchObject({
      state: "succeeded",
      attempt: 2,
      attempts: [{ attempt: 1, reason: "lost" }, { attempt: 2 }],
    });
    expect((await cluster.seen()).starts).toBe(1);
  }, 60_000);

  it("is cancelled by who follows it", async () => {
    await begin({ lines: 10_000 });
    const runId = await enqueue();
    const first = await agentOn("host-a");
    await until(() => isStarted());
    await kill(first);
    await agentOn("host-b");
    await until(async () => (await holderOf(runId)) === "host-b");
    const { entries } = await place.store.snapshot(["default"], signal);
    await cancelEntries({ entries, why: "cancelled" }, { store: place.store, clock: systemClock }, signal);
    await until(() => isEnded(runId));
    expect(await recordOf(runId)).toMatchObject({ state: "cancelled", attempt: 1 });
    await until(async () => (await cluster.seen()).names.length === 0);
    expect((await cluster.seen()).starts).toBe(1);
  }, 60_000);

  it("is ended by who follows it when its timeout, which counts from its submission, is over", async () => {
    await begin({ lines: 10_000 });
    const runId = await enqueue({ timeout: "3s", retry: { max_attempts: 1 } });
    const first = await agentOn("host-a");
    await until(() => isStarted());
    await kill(first);
    await agentOn("host-b");
    await until(() => isEnded(runId));
    expect(await recordOf(runId)).toMatchObject({ state: "failed", reason: "timeout", attempt: 1 });
    expect((await cluster.seen()).starts).toBe(1);
  }, 60_000);

  it("is left running by an agent that stops, and goes on under another", async () => {
    await begin({ lines: 80 });
    const runId = await enqueue();
    const { child, output } = await agentOn("host-a", { onSignal: "end" });
    await until(() => isStarted());
    await until(async () => (await recordOf(runId)).started_at !== undefined);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
    expect(output.join("")).toContain("left running, for another agent to follow");
    await agentOn("host-b");
    await expectFollowed(runId, "host-b");
  }, 60_000);

  it("is not touched by its first agent, which was taken for gone and comes back", async () => {
    await begin({ lines: 120 });
    const runId = await enqueue();
    const { child, output } = await agentOn("host-a");
    await until(() => isStarted());
    child.kill("SIGSTOP");
    await agentOn("host-b");
    await until(async () => (await holderOf(runId)) === "host-b");
    child.kill("SIGCONT");
    await expectFollowed(runId, "host-b");
    await until(() => output.join("").includes("another agent has the run by now"));
  }, 60_000);

  it("is neither lost nor started again while nobody can say whether it runs", async () => {
    await begin({ lines: 200 });
    const runId = await enqueue();
    const first = await agentOn("host-a");
    await until(() => isStarted());
    await kill(first);
    await cluster.leave(12_000);
    const { output } = await agentOn("host-b");
    await until(() => output.join("").includes(`whether ${runId} still runs is not known`));
    expect(await holderOf(runId)).toBe("host-a");
    await expectFollowed(runId, "host-b");
  }, 60_000);

  it("is taken up again by its own agent, which could neither follow nor end it for a while", async () => {
    await begin({ lines: 60 });
    const runId = await enqueue();
    await agentOn("host-a", { lease: { ttlMs: 60_000, heartbeatMs: 10_000 } });
    await until(() => isStarted());
    await cluster.leave(2_000);
    await expectFollowed(runId, "host-a");
  }, 60_000);

  it("goes on as it was started when its queue has gone since", async () => {
    const define = async (text: string | undefined): Promise<void> => {
      const before = await place.store.definitions?.read("far", signal);
      const change = { name: "far", text, expected: before?.version, by: "ada" };
      expect(await place.store.definitions?.write(change, signal)).toMatchObject({ kind: "written" });
    };
    await begin({ lines: 80 });
    await define("resource: kubernetes\nlimits: {timeout: {max: 1h}}\n");
    const runId = await enqueue({ queue: "far", timeout: "30 min" });
    const first = await agentOn("host-a", { queues: ["far"] });
    await until(() => isStarted());
    await define(undefined);
    await kill(first);
    await agentOn("host-b", { queues: ["far"] });
    await expectFollowed(runId, "host-b");
  }, 60_000);

  it("is ended when it was submitted late, of an attempt that is over", async () => {
    await begin({ lines: 10 });
    const runId = await enqueue();
    await agentOn("host-a");
    await expectFollowed(runId, "host-a");
    await cluster.submit((await recordOf(runId)).handle?.name ?? "");
    expect((await cluster.seen()).names).toHaveLength(1);
    await agentOn("host-b", { drain: false });
    await until(async () => (await cluster.seen()).names.length === 0);
  }, 60_000);

  it("is found by another where its agent was stopped while it was being submitted", async () => {
    await begin({ startMs: 1_500, lines: 60 });
    const runId = await enqueue();
    const { child, output } = await agentOn("host-a", { onSignal: "end" });
    await until(() => isSubmitted(runId));
    await delay(100);
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
    expect(output.join("")).toContain("left running, for another agent to follow");
    expect((await cluster.seen()).starts).toBe(1);
    await agentOn("host-b");
    await expectFollowed(runId, "host-b");
  }, 60_000);
});
