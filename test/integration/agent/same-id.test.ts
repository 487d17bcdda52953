import { execFileSync } from "node:child_process";
import { globSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StateDirectory } from "../../../src/core/state-directory.ts";
import { readLog } from "../../../src/inspect/logs.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { type AgentPlace, agentPlace, until } from "../../support/agent/agent.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { remainsOf } from "../../support/launch/remains.ts";
import { plantInGit } from "../../support/stores/queue-engine.ts";

/* Runs of one id, `nightly`, of two stores or of two queues of one, on one machine and one Docker engine: nothing of one reaches the other. */

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
type Kind = "local-process" | "local-container";

/** What a circle's run says and leaves: its secret is in its output, and the number that it ends with in its metrics. */
type Circle = { readonly secret: string; readonly code: number };
const ours: Circle = { secret: "s3cret-of-ours", code: 3 };
const theirs: Circle = { secret: "s3cret-of-theirs", code: 4 };

const scriptOf = ({ code }: Circle): string =>
  `echo "it is $SECRET"; touch "$LAUNCH_OUTPUT_DIR/begun-${code}"; while [ ! -e "$LAUNCH_OUTPUT_DIR/go" ]; do sleep 0.1; done
   echo '{"code": ${code}}' > "$LAUNCH_OUTPUT_DIR/metrics.json"; exit ${code}`;

function identities(kind: Kind): void {
  let places: AgentPlace[];
  let runId: string;
  beforeEach(async () => {
    places = [await agentPlace(), await agentPlace()];
    runId = `nightly-${crypto.randomUUID().slice(0, 8)}`;
  });
  afterEach(async () => {
    const left = remainsOf(runId, []);
    if (kind === "local-container") {
      const ids = docker("ps", "--all", "--quiet", "--filter", `label=launch.run=${runId}`).split("\n");
      for (const id of ids.filter((line) => line !== "")) docker("rm", "--force", id);
    }
    for (const place of places) await place.remove();
    expect(left).toEqual([]);
  });

  const enqueue = (place: AgentPlace, circle: Circle): Promise<unknown> => {
    const env = { SECRET: circle.secret, JOBS: join(place.folder, "jobs.txt") };
    return place.enqueue([scriptOf(circle)], { resource: kind, run_id: runId, env });
  };
  const begun = (state: StateDirectory): readonly string[] => globSync(join(state.runs, "*", "output", "begun-*"));
  const letGo = (state: StateDirectory): void => {
    for (const file of begun(state)) writeFileSync(join(dirname(file), "go"), "");
  };

  /** The run has ended in this store as its circle's, with nothing of the other's. */
  const expectOwn = async (place: AgentPlace, state: StateDirectory, [own, other]: readonly [Circle, Circle]) => {
    const stored = await place.store.read(runId, signal);
    expect(stored?.run).toMatchObject({
      state: "failed",
      exit_code: own.code,
      attempt: 1,
      metrics: { code: own.code },
    });
    expect(stored?.record["outputs"]).toMatchObject([
      { path: `begun-${own.code}` },
      { path: "go" },
      { path: "metrics.json" },
    ]);
    const read = await readLog(
      { run: runId, follow: false },
      { store: place.store, state, clock: systemClock },
      signal,
    );
    let log = "";
    for await (const { text } of read.chunks) log += text;
    expect(log).toBe(`it is ${own.secret}\n`);
    expect(JSON.stringify(stored)).not.toContain(other.secret);
  };

  test.each([
    ["each with a state folder of its own", false],
    ["with one state folder", true],
  ])("of two stores, %s, are each their own agents', also when these are killed", async (_how, isShared) => {
    const [one, two] = places as [AgentPlace, AgentPlace];
    const states = [one.state, isShared ? one.state : two.state] as const;
    await enqueue(one, ours);
    await enqueue(two, theirs);
    const first = await one.spawn({ agent: "one" });
    const second = await two.spawn({ agent: "two" }, [], [], { state: states[1].path });
    await until(() => new Set(states.flatMap(begun)).size === 2);
    first.child.kill("SIGKILL");
    second.child.kill("SIGKILL");
    // The other store's successor comes first: it finds its own run, and leaves the first's as it is.
    const later = two.run({ agent: "three" }, { state: states[1] });
    await until(async () => (await two.entries())[0]?.run.lease?.agent === "three");
    letGo(states[1]);
    expect((await later).runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed"]);
    expect((await one.entries()).map(({ place }) => place)).toEqual(["leased"]);
    const last = one.run({ agent: "four" }, { state: states[0] });
    await until(async () => (await one.entries())[0]?.run.lease?.agent !== "one");
    letGo(states[0]);
    expect((await last).runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed"]);
    await expectOwn(one, states[0], [ours, theirs]);
    await expectOwn(two, states[1], [theirs, ours]);
  });

  test("go on where their store was renamed when their agent was killed", async () => {
    const [place] = places as [AgentPlace, AgentPlace];
    await enqueue(place, ours);
    const { child } = await place.spawn({ agent: "one" });
    await until(() => begun(place.state).length === 1);
    child.kill("SIGKILL");
    renameSync(join(place.folder, "store.git"), join(place.folder, "renamed.git"));
    const renamed = await agentPlace(`git+${pathToFileURL(join(place.folder, "renamed.git")).href}`);
    places.push(renamed);
    const later = renamed.run({ agent: "two" }, { state: place.state });
    await until(async () => (await renamed.entries())[0]?.run.lease?.agent === "two");
    letGo(place.state);
    expect((await later).runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed"]);
    await expectOwn(renamed, place.state, [ours, theirs]);
  });

  test("go on, each attempt once, where their store has lost its own id when their agent was killed", async () => {
    const [place] = places as [AgentPlace, AgentPlace];
    await enqueue(place, ours);
    const { child } = await place.spawn({ agent: "one" });
    await until(() => begun(place.state).length === 1);
    child.kill("SIGKILL");
    execFileSync("git", ["--git-dir", join(place.folder, "store.git"), "update-ref", "-d", "refs/launch/v1/id"]);
    const reopened = await agentPlace(place.url);
    places.push(reopened);
    const later = reopened.run({ agent: "two" }, { state: place.state });
    await until(async () => (await reopened.entries())[0]?.run.lease?.agent === "two");
    letGo(place.state);
    expect((await later).runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed"]);
    await expectOwn(reopened, place.state, [ours, theirs]);
  });

  test("of two queues of one store are each their own queue's, where two agents serve one each", async () => {
    const [place] = places as [AgentPlace, AgentPlace];
    await enqueue(place, ours);
    await define(place);
    await plantElsewhere(place, theirs);
    const first = await place.spawn({ agent: "one", queues: ["default"] });
    const second = await place.spawn({ agent: "two", queues: ["other"] });
    await until(() => begun(place.state).length === 2);
    for (const { child } of [first, second]) child.kill("SIGKILL");
    const later = [place.run({ agent: "three", queues: ["other"] }), place.run({ agent: "four", queues: ["default"] })];
    letGo(place.state);
    const runs = (await Promise.all(later)).flatMap((result) => result.runs);
    expect(runs.map(({ attempt, queue, end }) => `${queue} ${attempt} ${end.kind}`)).toEqual([
      "other 1 failed",
      "default 1 failed",
    ]);
    const { entries } = await place.store.snapshot("all", signal);
    const codes = entries.map(({ queue, run }) => [queue, run.exit_code, run.metrics?.["code"]]).toSorted();
    expect(codes).toEqual([
      ["default", 3, 3],
      ["other", 4, 4],
    ]);
    for (const entry of entries) {
      const tail = (await place.store.load(entry, signal))?.tail;
      expect(tail).toBe(`  it is ${entry.queue === "other" ? theirs.secret : ours.secret}\n`);
    }
  });

  test("of two queues of one store are refused where that is seen, and the second is set aside until the first has ended", async () => {
    const [place] = places as [AgentPlace, AgentPlace];
    await enqueue(place, ours);
    await define(place);
    const asked = { resource: kind, run_id: runId, queue: "other" };
    await expect(place.enqueue(["true"], asked)).rejects.toThrow(/is a run of queue "default".*give another/);
    await plantElsewhere(place, theirs);
    const { entries, unreadable } = await place.store.snapshot("all", signal);
    expect(entries.map(({ queue }) => queue)).toEqual(["default"]);
    expect(unreadable).toMatchObject([
      {
        queue: "other",
        place: "waiting",
        why: expect.stringContaining('queue "default" has a run of the same id') as string,
      },
    ]);
    const running = place.run({ queues: ["default", "other"], maxJobs: 2, drain: false, idleTimeoutMs: 3_000 });
    await until(() => begun(place.state).length === 1);
    letGo(place.state);
    await until(() => begun(place.state).length === 2);
    letGo(place.state);
    expect((await running).runs.map(({ queue }) => queue)).toEqual(["default", "other"]);
  });

  async function define(place: AgentPlace): Promise<void> {
    const definition = { name: "other", text: `resource: ${kind}\n`, expected: undefined, by: "ada" };
    expect(await place.store.definitions?.write(definition, signal)).toMatchObject({ kind: "written" });
  }

  /** What no enqueue would do: the run again, as another circle's, in another queue. */
  async function plantElsewhere(place: AgentPlace, circle: Circle): Promise<void> {
    const [entry] = await place.entries();
    const document = entry === undefined ? undefined : await place.store.load(entry, signal);
    if (entry === undefined || document === undefined) throw new Error("nothing waits");
    const changed = (value: object): string =>
      JSON.stringify(value)
        .replaceAll('"queue":"default"', '"queue":"other"')
        .replaceAll(ours.secret, circle.secret)
        .replaceAll(`begun-${ours.code}`, `begun-${circle.code}`)
        .replaceAll(`\\"code\\": ${ours.code}`, `\\"code\\": ${circle.code}`)
        .replaceAll(`exit ${ours.code}`, `exit ${circle.code}`);
    const planted = { head: changed(document.run), record: changed(document.record) };
    plantInGit(join(place.folder, "store.git"), ["other", entry.key], planted);
  }
}

describe("runs of one id as processes", () => identities("local-process"));
describeWithDocker("runs of one id as containers", () => identities("local-container"));
