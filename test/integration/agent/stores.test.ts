import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { ServedStore } from "../../../src/agent/request.ts";
import type { Json } from "../../../src/core/json.ts";
import { slotsNow } from "../../../src/queueing/agent-slots.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { type AgentPlace, agentPlace, processesOf, until } from "../../support/agent/agent.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";
import { servedStore } from "../../support/agent/agent-services.ts";
import { describeWith } from "../../support/engines.ts";
import { type Link, startLink } from "../../support/git/link.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres/postgres.ts";

/* One agent of a machine with one GPU, which serves a repository and a database: each is looked at by itself, and they share the machine. */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const everySecond = { lease: { ttlMs: 8_000, heartbeatMs: 500 } } as const;
const oneGpu = { slots: { gpu: 1 }, maxJobs: 4 } as const;

describeWith(["postgres"], "an agent of two stores", () => {
  let server: PostgresServer;
  let link: Link;
  let git: AgentPlace;
  let postgres: AgentPlace;
  /** The database, by way of the link. */
  let linked: AgentPlace;
  let runIds: string[];

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    await server.stop();
  });
  beforeEach(async () => {
    link = await startLink(server.port);
    const url = await server.newDatabase();
    git = await agentPlace();
    postgres = await agentPlace(url);
    linked = await agentPlace(linkedUrl(url));
    runIds = [];
  });
  afterEach(async () => {
    const left = await processesOf(runIds);
    link.cut();
    for (const place of [git, postgres, linked]) await place.remove();
    await link.stop();
    expect(left).toEqual([]);
  });

  function linkedUrl(url: string): string {
    return url.replace(`:${server.port}/`, `:${link.port}/`);
  }

  /** Enqueues runs of this store; all of them say in one file what they do. */
  async function enqueue(place: AgentPlace, scripts: readonly string[], spec: Readonly<Record<string, Json>> = {}) {
    const env = { JOBS: jobsFile() };
    const ids = await place.enqueue(scripts, { slots: { gpu: 1 }, env, ...spec });
    runIds.push(...ids);
    return ids;
  }

  const jobsFile = (): string => join(git.folder, "jobs.txt");
  const jobs = () =>
    (existsSync(jobsFile()) ? readFileSync(jobsFile(), "utf8") : "")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(" "))
      .map(([what = "", runId = ""]) => ({ what, runId }));
  const hasBegun = (runId = ""): boolean => jobs().some((job) => job.what === "begin" && job.runId === runId);
  const ended = async (place: AgentPlace): Promise<readonly string[]> =>
    (await place.entries()).filter(({ place: at }) => at === "ended").map(({ run }) => run.state);
  const stores = (...places: readonly AgentPlace[]): readonly ServedStore[] =>
    places.map(({ store }) => servedStore({ store, queues: ["default"] }));

  /** Runs that were at work at the same time. */
  function together(): number {
    let now = 0;
    return Math.max(0, ...jobs().map(({ what }) => (now += what === "begin" ? 1 : -1)));
  }

  test("runs those of both on its one GPU, by turns and never two at once", async () => {
    const fromGit = await enqueue(
      git,
      Array.from({ length: 6 }, () => "sleep 0.5"),
    );
    const fromPostgres = await enqueue(
      postgres,
      Array.from({ length: 6 }, () => "sleep 0.5"),
    );
    const result = await git.run(oneGpu, { stores: stores(git, postgres) });

    expect(result.end).toBe("drained");
    expect(result.runs.map(({ end }) => end.kind)).toEqual(runIds.map(() => "succeeded"));
    expect(together()).toBe(1);
    const half = jobs()
      .filter(({ what }) => what === "begin")
      .slice(0, 6);
    for (const ids of [fromGit, fromPostgres]) {
      expect(half.filter(({ runId }) => ids.includes(runId)).length).toBeGreaterThanOrEqual(1);
    }
  });

  test("has room for no more than its jobs, whatever stores they are of", async () => {
    const two = ["sleep 0.5", "sleep 0.5", "sleep 0.5"];
    await enqueue(git, two, { slots: {} });
    await enqueue(postgres, two, { slots: {} });
    await git.run({ maxJobs: 2 }, { stores: stores(postgres, git) });
    expect(together()).toBe(2);
    expect([...(await ended(git)), ...(await ended(postgres))]).toEqual(runIds.map(() => "succeeded"));
  });

  test("says in each what the other's runs hold of the machine", async () => {
    await enqueue(postgres, ["sleep 4"]);
    const running = git.run({ ...oneGpu, ...everySecond }, { stores: stores(git, postgres) });
    const free = async (place: AgentPlace): Promise<number | undefined> => {
      const { agents, entries } = await place.store.snapshot("all", signal);
      const [seen] = agents;
      const leased = entries.filter(({ place: at }) => at === "leased");
      return seen === undefined ? undefined : slotsNow({ beat: seen.beat, leased, isAll: true })["gpu"]?.free;
    };
    await until(() => jobs().length === 1);
    await until(async () => (await free(git)) === 0 && (await free(postgres)) === 0);
    const { agents } = await git.store.snapshot("all", signal);
    expect(agents[0]?.beat).toMatchObject({ runs: [], slots: { gpu: { total: 1, free: 0, elsewhere: 1 } } });
    await running;
  });

  test.each([
    ["cut off", () => link.cut()],
    ["silent", () => link.delay(3_600_000)],
  ])(
    "serves one while the other is %s, writes what ended meanwhile, and serves both afterwards",
    async (_how, part) => {
      // The second has been seen to wait, and has no turn while nobody can ask for it.
      const [during, later] = await enqueue(postgres, ["sleep 2; exit 3", "true"]);
      const stop = new AbortController();
      const asked = { ...oneGpu, ...everySecond, drain: false };
      const running = git.run(asked, { stores: stores(linked, git) }, stop.signal);
      await until(() => hasBegun(during));
      part();
      await enqueue(git, ["sleep 0.2", "sleep 0.2", "sleep 0.2"]);
      await until(async () => (await ended(git)).length === 3);
      expect(await ended(postgres)).toEqual([]);

      link.cut();
      link.delay(0);
      link.mend();
      await until(async () => (await ended(postgres)).length === 2);
      expect(hasBegun(later)).toBe(true);
      stop.abort();
      const { runs } = await running;
      expect(runs.map(({ attempt, end }) => `${attempt} ${end.kind}`).toSorted()).toEqual([
        "1 failed",
        ...Array.from({ length: 4 }, () => "1 succeeded"),
      ]);
      expect(together()).toBe(1);
    },
  );

  test("gives no turn to one whose answer doesn't come", async () => {
    const answer = Promise.withResolvers<undefined>();
    let seen = 0;
    const slow: WholeStore = {
      ...postgres.store,
      snapshot: async (queues, stop) => {
        if (seen > 0) await answer.promise;
        const snapshot = await postgres.store.snapshot(queues, stop);
        seen += snapshot.entries.length;
        return snapshot;
      },
    };
    const [first] = await enqueue(git, ["sleep 2"]);
    const asked = { ...oneGpu, ...everySecond };
    const running = git.run(asked, { stores: [...stores(git), servedStore({ store: slow, queues: ["default"] })] });
    await until(() => hasBegun(first));
    const [waits] = await enqueue(postgres, ["true"]);
    await until(() => seen > 0);
    await enqueue(git, ["true", "true"]);
    await until(async () => (await ended(git)).length === 3);
    expect(hasBegun(waits)).toBe(false);
    answer.resolve(undefined);
    expect((await running).runs.map(({ end }) => end.kind)).toEqual(runIds.map(() => "succeeded"));
  });

  test("begins with the one that it reaches, and takes up the other when it can", async () => {
    link.cut();
    await enqueue(git, ["true"]);
    await enqueue(postgres, ["true"]);
    const running = git.run({ ...oneGpu, ...everySecond }, { stores: stores(linked, git) });
    await until(async () => (await ended(git)).length === 1);
    link.mend();
    expect((await running).runs.map(({ end }) => end.kind)).toEqual(["succeeded", "succeeded"]);
  });

  test("is killed, and its successor goes on with the runs of both", async () => {
    const scripts = ["sleep 3; exit 3", "sleep 3"];
    await enqueue(git, scripts, { slots: {} });
    await enqueue(postgres, scripts, { slots: {} });
    const request = { maxJobs: 2, slots: { gpu: 1 } };
    const { child } = await git.spawn(request, [], [postgres.url]);
    await until(() => jobs().filter(({ what }) => what === "begin").length === 2);
    child.kill("SIGKILL");
    const { runs } = await git.run({ ...request, agent: "a2" }, { stores: stores(git, postgres) });
    expect(runs.map(({ attempt, end }) => `${attempt} ${end.kind}`).toSorted()).toEqual([
      "1 failed",
      "1 failed",
      "1 succeeded",
      "1 succeeded",
    ]);
    expect(jobs().filter(({ what }) => what === "begin")).toHaveLength(4);
    for (const place of [git, postgres]) {
      const { agents } = await place.store.snapshot("all", signal);
      expect(agents).toEqual([]);
    }
  });

  test("takes over what was left here of its store's run, and not another store's of the same id", async () => {
    const runId = `nightly-${crypto.randomUUID().slice(0, 8)}`;
    await enqueue(git, ["sleep 4"], { slots: {}, run_id: runId });
    const { child } = await git.spawn({ maxJobs: 1 });
    await until(() => jobs().length === 1);
    child.kill("SIGKILL");
    await enqueue(postgres, ["true"], { slots: {}, run_id: runId });
    const [entry] = await postgres.entries();
    const since = new Date().toISOString();
    const alive = { ...beatOf("elsewhere", "x"), queues: ["default"], runs: [runId], at: since };
    await postgres.store.beat(alive, undefined, signal);
    const lease = { agent: "elsewhere", incarnation: "x", attempt: 1, since };
    expect((await postgres.store.claim({ entry: entry!, lease }, signal)).kind).toBe("won");

    const request = { agent: "a2", maxJobs: 2, drain: false, idleTimeoutMs: 2_000 };
    const { runs } = await git.run(request, { stores: stores(git, postgres) });
    expect(runs).toMatchObject([{ runId, attempt: 1, end: { kind: "succeeded" } }]);
    expect(await ended(git)).toEqual(["succeeded"]);
    expect(await postgres.entries()).toMatchObject([{ place: "leased", run: { lease } }]);
  });

  test("runs those of one id and one nonce, a copy, beside each other", async () => {
    const [runId] = await enqueue(git, ["sleep 3"], { slots: {} });
    const [entry] = await git.entries();
    const document = entry === undefined ? undefined : await git.store.load(entry, signal);
    expect(document).toBeDefined();
    if (document !== undefined) await postgres.store.enqueue([document], signal);
    const { runs } = await git.run({ maxJobs: 2 }, { stores: stores(git, postgres) });
    expect(runs.map(({ end }) => end.kind)).toEqual(["succeeded", "succeeded"]);
    expect(jobs()).toEqual(["begin", "begin", "end", "end"].map((what) => ({ what, runId })));
    expect([...(await ended(git)), ...(await ended(postgres))]).toEqual(["succeeded", "succeeded"]);
  });

  test("is asked to stop in either", async () => {
    await enqueue(git, ["sleep 1"]);
    const running = git.run({ ...oneGpu, ...everySecond, drain: false }, { stores: stores(git, postgres) });
    await until(() => jobs().length === 1);
    const [seen] = (await postgres.store.snapshot("all", signal)).agents;
    if (seen !== undefined) await postgres.store.requestStop(seen, "drain", signal);
    expect(await running).toMatchObject({ end: "request", runs: [{ end: { kind: "succeeded" } }] });
  });

  test("ends when one of them refuses it, after the runs of the other", async () => {
    await postgres.spawn({ ...everySecond, agent: "a1", drain: false });
    await until(async () => (await postgres.store.snapshot("all", signal)).agents.length === 1);
    await enqueue(git, ["sleep 1", "true"], { slots: {} });
    await expect(git.run(everySecond, { stores: stores(git, postgres) })).rejects.toThrow(/is at work already/);
    expect((await git.store.snapshot("all", signal)).agents).toEqual([]);
    expect((await git.entries()).filter(({ place: at }) => at === "leased")).toEqual([]);
  });
});
