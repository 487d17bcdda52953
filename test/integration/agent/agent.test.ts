import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failureOf } from "../../support/failure.ts";
import { agentStores } from "../../support/agent/agent-stores.ts";
import { type AgentPlace, agentPlace, overlaps, processesOf, until } from "../../support/agent/agent.ts";
import { attemptIn } from "../../support/launch/attempt.ts";

// What they wait for comes by itself; on a busy machine that takes a multiple of what it takes alone.
vi.setConfig({ testTimeout: 180_000 });

describe.each(Object.entries(agentStores))("an agent on %s", (_name, newStore) => {
  let place: AgentPlace;
  let runIds: readonly string[] = [];
  beforeEach(async () => {
    place = await agentPlace(await newStore());
  });
  afterEach(async () => {
    const left = await processesOf(runIds);
    await place.remove();
    expect(left).toEqual([]);
  });

  test("twenty runs, four at a time, each once", async () => {
    runIds = await place.enqueue(Array.from({ length: 20 }, () => "sleep 0.1"));
    const result = await place.run({ maxJobs: 4 });
    expect(result.runs.map(({ end }) => end.kind)).toEqual(Array.from({ length: 20 }, () => "succeeded"));
    const events = place.jobs();
    expect(
      events
        .filter(({ what }) => what === "begin")
        .map(({ runId }) => runId)
        .sort(),
    ).toEqual([...runIds].sort());
    expect(overlaps(events)).toEqual([]);
    const entries = await place.entries();
    expect(entries.map(({ place: at, run }) => `${at} ${run.state}`)).toEqual(runIds.map(() => "ended succeeded"));
  });

  test("a failed run is tried again as its spec says, later each time, and its attempts are recorded", async () => {
    const script = 'test "$LAUNCH_ATTEMPT" -ge 3 || exit 75';
    runIds = await place.enqueue([script], {
      retry: { max_attempts: 4, on: [{ "exit-code": [75] }], backoff: "100ms" },
    });
    const result = await place.run();
    expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual([
      "1 retried",
      "2 retried",
      "3 succeeded",
    ]);
    const [entry] = await place.entries();
    const stored = await place.store.load(entry!, new AbortController().signal);
    expect(stored?.run).toMatchObject({ state: "succeeded", attempt: 3, exit_code: 0 });
    expect(stored?.record["attempts"]).toMatchObject([
      { attempt: 1, state: "failed", reason: "exit-code", exit_code: 75, agent: "a1" },
      { attempt: 2, state: "failed", reason: "exit-code", exit_code: 75 },
      { attempt: 3, state: "succeeded" },
    ]);
  });

  test("what an attempt leaves is its own: the next one's outputs and metrics are what it wrote itself", async () => {
    const script =
      'ls "$LAUNCH_OUTPUT_DIR"; test "$LAUNCH_ATTEMPT" = 2 || { echo "{\\"loss\\": 1}" > "$LAUNCH_OUTPUT_DIR/metrics.json"; exit 75; }';
    runIds = await place.enqueue([script], {
      retry: { max_attempts: 2, on: [{ "exit-code": [75] }], backoff: "100ms" },
    });
    await place.run();
    const [runId = ""] = runIds;
    const stored = await place.store.read(runId, new AbortController().signal);
    expect(stored?.run).toMatchObject({ state: "succeeded", attempt: 2, metrics: {} });
    expect(stored?.record["outputs"]).toEqual([]);
    expect(stored?.tail).toBe("");
    const left = [1, 2].map((attempt) => readdirSync(place.state.outputFolder(attemptIn(place.state, runId, attempt))));
    expect(left).toEqual([["metrics.json"], []]);
  });

  test("another exit code, and a run without a retry policy, fail at once", async () => {
    runIds = [
      ...(await place.enqueue(["exit 1"], { retry: { max_attempts: 4, on: [{ "exit-code": [75] }] } })),
      ...(await place.enqueue(["exit 2"])),
    ];
    const result = await place.run();
    expect(result.runs.map(({ end }) => end)).toMatchObject([
      { kind: "failed", reason: "exit-code", message: "exit code 1" },
      { kind: "failed", reason: "exit-code", message: "exit code 2" },
    ]);
  });

  test("what the agent's config doesn't allow is a refused run, and the agent goes on", async () => {
    runIds = await place.enqueue(["true"]);
    const config = { name: "launch-config.yaml", text: "allow: {resources: [local-container], sources: [git]}" };
    const result = await place.run({}, { config });
    expect(result.runs.map(({ end }) => end)).toMatchObject([{ kind: "failed", reason: "refused" }]);
    const [entry] = await place.entries();
    expect(entry?.run).toMatchObject({ state: "failed", reason: "refused" });
    expect(entry?.run.message).toContain("allow.resources");
    expect(place.jobs()).toEqual([]);
  });

  test("a cancelled run ends, and its store says so", async () => {
    runIds = await place.enqueue(["sleep 300", "true"]);
    const running = place.run();
    await until(() => place.jobs().length === 1);
    const { signal } = new AbortController();
    const entry = (await place.entries()).find(({ run }) => run.run_id === runIds[0]);
    const document = await place.store.load(entry!, signal);
    expect(await place.store.cancel(entry!, document!, signal)).toBe("requested");
    const result = await running;
    expect(result.runs.map(({ end }) => end.kind)).toEqual(["cancelled", "succeeded"]);
    const stored = (await place.entries()).find(({ run }) => run.run_id === runIds[0]);
    expect(stored).toMatchObject({ place: "ended", run: { state: "cancelled", reason: "cancelled" } });
  });

  test("runs hold slots: what is free is shared out, what is more waits, what there isn't is refused", async () => {
    const script = 'echo "$CUDA_VISIBLE_DEVICES" >> "$JOBS.devices"; sleep 0.4';
    runIds = [
      ...(await place.enqueue([script, script], { slots: { gpu: 1 } })),
      ...(await place.enqueue([script], { slots: { gpu: 2 } })),
      ...(await place.enqueue([script], { slots: { gpu: 3 } })),
      ...(await place.enqueue([script])),
    ];
    const result = await place.run({ maxJobs: 10, slots: { gpu: 2 } });
    const byRun = new Map(result.runs.map(({ runId, end }) => [runId, end] as const));
    expect(byRun.get(runIds[3]!)).toMatchObject({ kind: "failed", reason: "refused" });
    expect([...byRun.values()].filter(({ kind }) => kind === "succeeded")).toHaveLength(4);
    const devices = readFileSync(join(place.folder, "jobs.txt.devices"), "utf8").split("\n").slice(0, -1);
    expect(devices.sort()).toEqual(["", "0", "0,1", "1"]);
    // The one that wants both waits for the two that have one each.
    const events = place.jobs();
    const at = (what: string, runId: string | undefined) =>
      events.findIndex((event) => event.what === what && event.runId === runId);
    expect(at("begin", runIds[2])).toBeGreaterThan(Math.max(at("end", runIds[0]), at("end", runIds[1])));
  });

  test("a run whose timeout doesn't fit into the time that is left waits for another agent", async () => {
    runIds = [
      ...(await place.enqueue(["true"], { timeout: "1h" })),
      ...(await place.enqueue(["true"], { timeout: "10s" })),
      ...(await place.enqueue(["true"])),
    ];
    const result = await place.run({ timeLimitMs: 60_000 });
    expect(result.runs.map(({ runId }) => runId)).toEqual([runIds[1]]);
    expect(result).toMatchObject({ end: "drained", message: "what waits can't start here (2 runs)" });
  });

  test("an agent ends after its idle time, and after its time limit", async () => {
    expect(await place.run({ drain: false, idleTimeoutMs: 300 })).toMatchObject({ end: "idle", runs: [] });
    expect(await place.run({ drain: false, timeLimitMs: 300 })).toMatchObject({ end: "time-limit", runs: [] });
    expect((await place.store.snapshot("all", new AbortController().signal)).agents).toEqual([]);
  });

  test("the first signal takes no more runs, and those that run go on to their end", async () => {
    runIds = await place.enqueue(["sleep 1", "true"]);
    const first = new AbortController();
    const running = place.run({}, {}, first.signal);
    await until(() => place.jobs().length === 1);
    first.abort();
    expect(await running).toMatchObject({ end: "signal", runs: [{ end: { kind: "succeeded" } }] });
    expect((await place.entries()).map(({ place: at }) => at).sort()).toEqual(["ended", "waiting"]);
  });

  test.each(["requeue", "cancel"] as const)("the second signal ends the runs: %s", async (endedRuns) => {
    runIds = await place.enqueue(["sleep 300"]);
    const [first, second] = [new AbortController(), new AbortController()];
    const running = place.run({ endedRuns }, { force: second.signal }, first.signal);
    await until(() => place.jobs().length === 1);
    first.abort();
    second.abort();
    const [run] = (await running).runs;
    const [entry] = await place.entries();
    if (endedRuns === "cancel") {
      expect(run?.end.kind).toBe("cancelled");
      expect(entry).toMatchObject({ place: "ended", run: { state: "cancelled" } });
    } else {
      expect(run?.end.kind).toBe("given-back");
      expect(entry).toMatchObject({ place: "waiting", run: { state: "queued", attempt: 1 } });
    }
  });

  test("where the machine is taken away, the first signal ends the runs", async () => {
    runIds = await place.enqueue(["trap '' TERM; sleep 300 & wait"]);
    const first = new AbortController();
    const running = place.run({ onSignal: "end" }, {}, first.signal);
    await until(() => place.jobs().length === 1);
    const begun = performance.now();
    first.abort();
    expect((await running).runs.map(({ end }) => end.kind)).toEqual(["given-back"]);
    // The runner kills 10 s after its signal.
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test("a run that ends with its agent says so, whether it is given back or cancelled", async () => {
    runIds = await place.enqueue(["sleep 300"]);
    for (const endedRuns of ["requeue", "cancel"] as const) {
      const first = new AbortController();
      const before = place.jobs().length;
      const running = place.run({ onSignal: "end", endedRuns }, {}, first.signal);
      await until(() => place.jobs().length > before);
      first.abort();
      await running;
    }
    const stored = await place.store.read(runIds[0]!, new AbortController().signal);
    expect(stored?.run).toMatchObject({ state: "cancelled", reason: "cancelled", message: "its agent was stopped" });
    expect(stored?.record["attempts"]).toMatchObject([
      { given_back: true, message: "its agent was stopped" },
      { state: "cancelled", message: "its agent was stopped" },
    ]);
  });

  test("an agent that would beat more often than its store's host wants to be written to doesn't begin", async () => {
    const store = { ...place.store, capabilities: { ...place.store.capabilities, leastHeartbeatMs: 60_000 } };
    const lease = { ttlMs: 60_000, heartbeatMs: 20_000 };
    expect(await failureOf(place.run({ lease }, { store }))).toMatchObject({
      code: "bad-config",
      message: expect.stringMatching(/^lease\.heartbeat is 20 s, .* 1 min or more/) as string,
    });
  });

  test("an agent whose id is in use doesn't begin", async () => {
    const first = new AbortController();
    const running = place.run({ drain: false }, {}, first.signal);
    await until(async () => (await place.store.snapshot("all", first.signal)).agents.length === 1);
    await expect(place.run({ drain: false })).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining('an agent named "a1" is at work already') as string,
    });
    first.abort();
    expect((await running).end).toBe("signal");
  });

  test("a run's log is kept, and the agent's own says of each line which run it is of", async () => {
    runIds = await place.enqueue(["echo hello; echo oh >&2"]);
    await place.run();
    expect(
      readFileSync(place.state.logFile(attemptIn(place.state, runIds[0]!)), "utf8")
        .split("\n")
        .sort(),
    ).toEqual(["", "  hello", "! oh"]);
    expect(place.lines).toContain(`${runIds[0]!}  hello`);
  });

  test("several queues are served in turn", async () => {
    const definitions = place.store.definitions!;
    const write = { text: "description: another", expected: undefined, by: "ada" };
    expect(await definitions.write({ name: "other", ...write }, new AbortController().signal)).toMatchObject({
      kind: "written",
    });
    const first = await place.enqueue(["true", "true", "true"]);
    const second = await place.enqueue(["true"], { queue: "other" });
    runIds = [...first, ...second];
    const result = await place.run({ queues: ["default", "other"] });
    const order = result.runs.map(({ queue }) => queue);
    expect(order.slice().sort()).toEqual(["default", "default", "default", "other"]);
    expect(order.indexOf("other")).toBeLessThan(2);
  });

  test("a queue's limit holds for all of its agents together", async () => {
    const definitions = place.store.definitions!;
    const change = { name: "narrow", text: "limits: {running: 2}", expected: undefined, by: "ada" };
    await definitions.write(change, new AbortController().signal);
    runIds = await place.enqueue(
      Array.from({ length: 8 }, () => "sleep 0.2"),
      { queue: "narrow" },
    );
    const request = { queues: ["narrow"], maxJobs: 4 };
    await Promise.all(["a1", "a2", "a3"].map((agent) => place.run({ ...request, agent })));
    const events = place.jobs();
    let running = 0;
    let most = 0;
    for (const { what } of events) most = Math.max(most, (running += what === "begin" ? 1 : -1));
    expect(events.filter(({ what }) => what === "begin")).toHaveLength(8);
    expect(most).toBeLessThanOrEqual(2);
  });

  test("an agent that went without a word is forgotten once nothing of it is left", async () => {
    const { child } = await place.spawn({ drain: false });
    await until(async () => (await place.store.snapshot("all", new AbortController().signal)).agents.length === 1);
    child.kill("SIGKILL");
    await until(() => child.signalCode !== null);
    await place.run({ agent: "a2" });
    expect((await place.store.snapshot("all", new AbortController().signal)).agents).toEqual([]);
  });

  test("runs are taken by priority, and then as they came", async () => {
    const low = await place.enqueue(["true"], { priority: "low" });
    const usual = await place.enqueue(["true", "true"]);
    const high = await place.enqueue(["true"], { priority: "high" });
    runIds = [...low, ...usual, ...high];
    const result = await place.run();
    expect(result.runs.map(({ runId }) => runId)).toEqual([...high, ...usual, ...low]);
  });

  test("the runs of a killed agent go on, each once, and the next one brings them to their end", async () => {
    runIds = await place.enqueue(Array.from({ length: 6 }, () => "sleep 1; exit 3"));
    const { child } = await place.spawn({ maxJobs: 3 });
    await until(() => place.jobs().filter(({ what }) => what === "begin").length === 3);
    child.kill("SIGKILL");
    const result = await place.run({ agent: "a2", maxJobs: 3 });
    expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(runIds.map(() => "1 failed"));
    const begun = place.jobs().filter(({ what }) => what === "begin");
    expect(begun.map(({ runId }) => runId).sort()).toEqual([...runIds].sort());
  });

  test("four agents killed at their work lose no run, and no two attempts of one meet", async () => {
    runIds = await place.enqueue(
      Array.from({ length: 16 }, () => "sleep 0.3"),
      { retry: { max_attempts: 5, on: ["lost"], backoff: "100ms" } },
    );
    for (const agent of ["k1", "k2", "k3", "k4"]) {
      const before = place.jobs().length;
      const { child } = await place.spawn({ agent, maxJobs: 2, lease: { ttlMs: 4_000, heartbeatMs: 500 } });
      await until(() => place.jobs().length > before);
      child.kill("SIGKILL");
    }
    await place.run({ agent: "last", maxJobs: 4, lease: { ttlMs: 4_000, heartbeatMs: 500 } });
    expect(overlaps(place.jobs())).toEqual([]);
    const entries = await place.entries();
    expect(entries.map(({ place: at, run }) => `${at} ${run.state}`)).toEqual(runIds.map(() => "ended succeeded"));
  });
});
