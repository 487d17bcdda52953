import { globSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { findMarkedProcesses } from "../../../src/core/process-identity.ts";
import { LaunchError } from "../../../src/core/errors.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { RefusedDocument } from "../../../src/stores/refused-document.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { remainsOf } from "../../support/launch/remains.ts";
import { withFaults } from "../../support/stores/store-faults.ts";
import { type AgentPlace, agentPlace, overlaps, processesOf, until } from "../../support/agent/agent.ts";
import { attemptIn } from "../../support/launch/attempt.ts";

/* Whatever happens to agents and store: no run is lost, none ends twice, and no two attempts of one run at the same time. */

// What they wait for comes by itself; on a busy machine that takes a multiple of what it takes alone.
vi.setConfig({ testTimeout: 180_000 });

let place: AgentPlace;
let runIds: readonly string[] = [];
beforeEach(async () => {
  place = await agentPlace();
});
afterEach(async () => {
  const left = await processesOf(runIds);
  await place.remove();
  expect(left).toEqual([]);
});

const begun = () => place.jobs().filter(({ what }) => what === "begin").length;
const states = async () => (await place.entries()).map(({ place: at, run }) => `${at} ${run.state} ${run.attempt}`);
const seconds = { lease: { ttlMs: 4_000, heartbeatMs: 500 } } as const;

test("the runs of a killed agent go on, and the next agent brings them to their end", async () => {
  runIds = await place.enqueue(
    Array.from({ length: 6 }, (_, index) => `echo line ${index}; sleep 1; echo last; exit 3`),
  );
  const { child } = await place.spawn({ maxJobs: 4 });
  await until(() => begun() === 4);
  child.kill("SIGKILL");
  const result = await place.run({ agent: "a2", maxJobs: 4 });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(runIds.map(() => "1 failed"));
  expect(begun()).toBe(6);
  expect(await states()).toEqual(runIds.map(() => "ended failed 1"));
  const stored = await place.store.read(runIds[0]!, new AbortController().signal);
  expect(stored?.run).toMatchObject({ reason: "exit-code", exit_code: 3 });
  expect(stored?.tail).toBe("  line 0\n  last\n");
});

describeWithDocker("with containers", () => {
  test("the containers of a killed agent go on, and the next agent brings them to their end", async () => {
    const script = "echo begin >> $LAUNCH_OUTPUT_DIR/starts; echo one; sleep 2; echo two; exit 4";
    runIds = await place.enqueue([script, script], { resource: "local-container" });
    const starts = (): number => globSync(join(place.state.runs, "*", "output", "starts")).length;
    const { child } = await place.spawn({ maxJobs: 2 });
    await until(() => starts() === 2);
    const killed = Date.now();
    child.kill("SIGKILL");
    const result = await place.run({ agent: "a2" });
    expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed", "1 failed"]);
    for (const runId of runIds) {
      const stored = await place.store.read(runId, new AbortController().signal);
      expect(stored?.run).toMatchObject({ reason: "exit-code", exit_code: 4 });
      expect(stored?.tail).toBe("  one\n  two\n");
      // The record says what ran, and since when, whoever brought it to its end.
      expect(JSON.stringify(stored?.record["image"])).toMatch(/"outcome":"given","digest":"sha256:/);
      expect(Date.parse(stored?.run.started_at ?? "")).toBeLessThan(killed);
      expect(readFileSync(join(place.state.outputFolder(attemptIn(place.state, runId)), "starts"), "utf8")).toBe(
        "begin\n",
      );
    }
    expect(runIds.flatMap((runId) => remainsOf(runId, []))).toEqual([]);
  });
});

test("a run of a queue that was deleted under its agent, which is then killed, goes on in the next agent's hands", async () => {
  const { signal } = new AbortController();
  const { definitions } = place.store;
  const define = async (text: string | undefined): Promise<void> => {
    const before = await definitions?.read("gpu", signal);
    const written = await definitions?.write({ name: "gpu", text, expected: before?.version, by: "ada" }, signal);
    expect(written).toMatchObject({ kind: "written" });
  };
  await define("resource: local-process\nlimits: {timeout: {max: 1h}}\n");
  runIds = await place.enqueue(["sleep 1; exit 3"], { queue: "gpu", timeout: "30 min" });
  const { child } = await place.spawn({ queues: ["gpu"] });
  await until(() => begun() === 1);
  await define(undefined);
  child.kill("SIGKILL");
  const result = await place.run({ agent: "a2", queues: ["gpu"] });
  expect(result.runs).toMatchObject([{ attempt: 1, end: { kind: "failed", reason: "exit-code" } }]);
  expect(begun()).toBe(1);
});

test("what a killed agent has left is ended when the next may not have it", async () => {
  runIds = await place.enqueue(["sleep 600"]);
  const { child } = await place.spawn();
  await until(() => begun() === 1);
  child.kill("SIGKILL");
  const config = { name: "launch-config.yaml", text: "allow: {resources: [local-container]}" };
  const result = await place.run({ agent: "a2" }, { config });
  expect(result.runs).toMatchObject([{ attempt: 1, end: { kind: "failed", reason: "refused" } }]);
  expect(await processesOf(runIds)).toEqual([]);
});

test("an agent of the same name that is started again goes on with its own runs", async () => {
  runIds = await place.enqueue(["sleep 1", "true"]);
  const { child } = await place.spawn();
  await until(() => begun() === 1);
  child.kill("SIGKILL");
  const result = await place.run();
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 succeeded", "1 succeeded"]);
  expect(begun()).toBe(2);
});

test("agents are killed again and again, and each run is done once", async () => {
  runIds = await place.enqueue(Array.from({ length: 12 }, () => "sleep 0.3"));
  for (let kills = 0; kills < 5; kills++) {
    const { child } = await place.spawn({ agent: `a${kills}`, maxJobs: 3 });
    const before = begun();
    await until(() => begun() > before + 1 || begun() === 12);
    child.kill("SIGKILL");
  }
  await place.run({ agent: "last", maxJobs: 4 });
  expect(await states()).toEqual(runIds.map(() => expect.stringMatching(/^ended succeeded/) as string));
  expect(overlaps(place.jobs())).toEqual([]);
});

test("a stopped agent's runs are taken after its lease, and what it says when it goes on again counts for nothing", async () => {
  runIds = await place.enqueue(["sleep 30 & wait"], { retry: { max_attempts: 2 } });
  const { child, output } = await place.spawn({ ...seconds, drain: false });
  await until(() => begun() === 1);
  child.kill("SIGSTOP");
  const stop = new AbortController();
  const second = place.run({ ...seconds, agent: "a2", drain: false }, { force: stop.signal }, stop.signal);
  await until(() => begun() === 2);
  // What the supervisor has ended could not say that it did: its processes tell.
  const first = await findMarkedProcesses({ LAUNCH_RUN_ID: runIds[0]!, LAUNCH_ATTEMPT: "1" });
  expect(first).toEqual([]);
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  await until(() => child.exitCode !== null);
  expect(output.join("")).toContain("another agent has the run by now");
  expect(await states()).toEqual([expect.stringMatching(/^leased (leased|starting|running) 2$/) as string]);
  stop.abort();
  expect((await second).runs.map(({ end }) => end.kind)).toEqual(["given-back"]);
});

test("the lease of an agent that is gone elsewhere is waited for, and its run tried again", async () => {
  runIds = await place.enqueue(['test "$LAUNCH_ATTEMPT" = 2 || sleep 30']);
  const elsewhere = { state: stateDirectoryAt(`${place.folder}/elsewhere`) };
  const { child } = await place.spawn(seconds);
  await until(() => begun() === 1);
  child.kill("SIGKILL");
  const result = await place.run({ ...seconds, agent: "a2" }, elsewhere);
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["2 succeeded"]);
  const stored = await place.store.read(runIds[0]!, new AbortController().signal);
  expect(stored?.record["attempts"]).toMatchObject([
    { attempt: 1, agent: "a1", reason: "lost" },
    { attempt: 2, agent: "a2", state: "succeeded" },
  ]);
});

test("a run that may not be tried again has failed when its agent is gone", async () => {
  runIds = await place.enqueue(["sleep 30"], { retry: { max_attempts: 1 } });
  const { child } = await place.spawn(seconds);
  await until(() => begun() === 1);
  child.kill("SIGKILL");
  const result = await place.run({ ...seconds, agent: "a2" }, { state: stateDirectoryAt(`${place.folder}/elsewhere`) });
  expect(result.runs).toEqual([]);
  const [entry] = await place.entries();
  expect(entry).toMatchObject({ place: "ended", run: { state: "failed", reason: "lost", attempt: 1 } });
});

test("a store that is away for longer than the lease stops no run, and hears of their ends when it is back", async () => {
  runIds = await place.enqueue(["sleep 16", "sleep 2", "true"]);
  let away = false;
  const store = withFaults(place.store, () => {
    if (away) throw new LaunchError("store-failed", "connection refused");
  });
  const lease = { ttlMs: 4_000, heartbeatMs: 500 };
  const first = place.run({ maxJobs: 2, lease }, { store });
  const other = place.run({ agent: "a2", maxJobs: 0, lease, drain: false, timeLimitMs: 22_000 }, { store });
  await until(() => begun() === 2);
  away = true;
  await delay(lease.ttlMs * 3);
  away = false;
  const result = await first;
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(runIds.map(() => "1 succeeded"));
  expect(begun()).toBe(3);
  expect((await other).runs).toEqual([]);
});

test("a run whose end the store refuses for what is in it has ended all the same, with how it ended alone", async () => {
  runIds = await place.enqueue(["echo digits.accuracy; exit 3", "true"]);
  const asked: string[] = [];
  const store = new Proxy(place.store, {
    get: (target, verb) => {
      const member: unknown = Reflect.get(target, verb);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        // What a launch has done is told by its phases.
        if (String(verb).startsWith("finish") && JSON.stringify(args).includes('"phases":[{')) {
          asked.push(String(verb));
          throw new RefusedDocument("the store keeps no such thing: invalid input syntax");
        }
        return Reflect.apply(member, target, args);
      };
    },
  });
  const result = await place.run({ maxJobs: 1 }, { store });
  expect(result.runs.map(({ end }) => end.kind)).toEqual(["failed", "succeeded"]);
  expect(asked.length).toBeLessThanOrEqual(4);
  expect(await states()).toEqual(["ended failed 1", "ended succeeded 1"]);
  const stored = await place.store.read(runIds[0]!, new AbortController().signal);
  expect(stored?.run).toMatchObject({ reason: "exit-code", exit_code: 3 });
  expect(JSON.stringify(stored?.record["warnings"])).toContain("invalid input syntax");
});

test("answers that are lost after they were applied change nothing", async () => {
  runIds = await place.enqueue(Array.from({ length: 10 }, () => "true"));
  let count = 0;
  const store = withFaults(place.store, undefined, (verb) => {
    if (["claim", "finish", "progress", "beat"].includes(verb) && count++ % 3 === 1) {
      throw new LaunchError("store-failed", "connection reset");
    }
  });
  const result = await place.run({ maxJobs: 3 }, { store });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(runIds.map(() => "1 succeeded"));
  expect(begun()).toBe(10);
  expect(await states()).toEqual(runIds.map(() => "ended succeeded 1"));
});

test("an agent whose clock is an hour off takes no run of another, and loses none", async () => {
  runIds = await place.enqueue(Array.from({ length: 6 }, () => "sleep 0.5"));
  const clock = { ...systemClock, now: () => new Date(Date.now() + 3_600_000) };
  const results = await Promise.all([
    place.run({ ...seconds, maxJobs: 2 }),
    place.run({ ...seconds, agent: "a2", maxJobs: 2 }, { clock }),
  ]);
  expect(results.flatMap(({ runs }) => runs.map(({ attempt, end }) => `${attempt} ${end.kind}`))).toEqual(
    runIds.map(() => "1 succeeded"),
  );
  expect(begun()).toBe(6);
});

test("an end that the store has not heard of when the agent is killed is told by the next", async () => {
  runIds = await place.enqueue(["echo done"]);
  const { child, output } = await place.spawn({}, ["finish"]);
  await until(() => output.join("").includes("done ended"));
  await until(() => output.join("").includes("the store can't be reached"));
  child.kill("SIGKILL");
  const result = await place.run({ agent: "a2" });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 succeeded"]);
  expect(begun()).toBe(1);
  const stored = await place.store.read(runIds[0]!, new AbortController().signal);
  expect(stored).toMatchObject({ run: { state: "succeeded", attempt: 1 }, tail: "  done\n" });
});

test("so is an end that came before there was anything to start, with its reason and not as lost", async () => {
  runIds = await place.enqueue(["true"], { secrets: { TOKEN: "unheard-of" } });
  const { child, output } = await place.spawn({}, ["finish"]);
  await until(() => output.join("").includes("done failed"));
  await until(() => output.join("").includes("the store can't be reached"));
  child.kill("SIGKILL");
  const { runs } = await place.run({ agent: "a2" });
  expect(runs).toMatchObject([{ attempt: 1, end: { kind: "failed", reason: "refused" } }]);
  expect(JSON.stringify(runs)).toContain("unheard-of");
  expect(readdirSync(place.state.scratch)).toEqual([]);
});

test("a keep-alive file that can't be written ends no agent", async () => {
  runIds = await place.enqueue(["true"]);
  // Its folder leads nowhere.
  symlinkSync("nowhere", join(place.folder, "gone"));
  const keepAliveFile = (): string => join(place.folder, "gone", "alive");
  const result = await place.run({}, { state: { ...place.state, keepAliveFile } });
  expect(result.runs.map(({ end }) => end.kind)).toEqual(["succeeded"]);
  expect(place.lines.join("\n")).toMatch(/EEXIST|ENOENT/);
});
