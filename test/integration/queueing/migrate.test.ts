import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { migrate, type Migrated } from "../../../src/queueing/migrate.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { QueueEntry } from "../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { commandLine } from "../../support/cli/command-line.ts";
import { describeWith } from "../../support/engines.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres/postgres.ts";
import { type QueueEngine, queueEngines } from "../../support/stores/queue-engine.ts";
import { endedRun, leaseOf } from "../../support/stores/queued-run.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const bare = "a bare repository";
const http = "a repository over http";
const postgres = "a Postgres database";
const pairs = [
  [bare, postgres],
  [postgres, http],
].filter((pair) => pair.every((name) => name in queueEngines));

const signal = new AbortController().signal;
/** Each step is several git processes, which a busy machine starts slowly. */
const slow = 240_000;
const services = { clock: systemClock, by: "ada" };

describe.each(pairs)("from %s to %s", (fromName = "", toName = "") => {
  let folder: TemporaryFolder;
  let engines: readonly QueueEngine[];
  let from: WholeStore;
  let to: WholeStore;

  beforeEach(async () => {
    folder = temporaryFolder();
    const places = [fromName, toName].map((name, index) => queueEngines[name]!(folder.folder(`engine ${index}`)));
    engines = await Promise.all(places);
    [from, to] = (await Promise.all(engines.map((engine) => engine.open("here")))) as [WholeStore, WholeStore];
  });
  afterEach(async () => {
    await Promise.all([from.close(), to.close()]);
    await Promise.all(engines.map((engine) => engine.end()));
    folder.remove();
  });

  const enqueue = async (count: number): Promise<readonly string[]> => {
    const ids = Array.from({ length: count }, (_, index) => `train-${index}`);
    const results = await from.enqueue(
      ids.map((id) => queuedDocument(id)),
      signal,
    );
    expect(results.map(({ kind }) => kind)).toEqual(ids.map(() => "enqueued"));
    return ids;
  };
  const entriesOf = async (store: WholeStore, place: QueueEntry["place"]): Promise<readonly QueueEntry[]> =>
    (await store.snapshot("all", signal)).entries.filter((entry) => entry.place === place);
  const idsOf = async (store: WholeStore, place: QueueEntry["place"]): Promise<readonly string[]> =>
    (await entriesOf(store, place)).map(({ run }) => run.run_id);
  /** What an agent of that store could start now. */
  const startable = async (store: WholeStore): Promise<readonly string[]> =>
    (await entriesOf(store, "waiting"))
      .filter(({ run }) => Date.parse(run.queued?.not_before ?? "2000-01-01") < Date.now())
      .map(({ run }) => run.run_id);

  it("a run that the other store refuses is left, with the reason, and holds up no other", async ({ skip }) => {
    // git keeps every text; jsonb has no NUL in a name.
    skip(toName !== postgres);
    await enqueue(2);
    await from.enqueue([queuedDocument("odd", { slots: { "a\0b": 1 } })], signal);
    const result = await migrate({ from, to }, services, signal);
    expect([...result.moved].sort()).toEqual(["train-0", "train-1"]);
    expect(result.left).toEqual([{ runId: "odd", why: expect.stringContaining("Unicode") as string }]);
    expect(await idsOf(from, "waiting")).toEqual(["odd"]);
    expect([...(await startable(to))].sort()).toEqual(["train-0", "train-1"]);
  });

  it("all that waits goes, whole, in its order; what runs stays", async () => {
    const time = "2026-11-23T10:07:00.000Z";
    const patch = Buffer.from("diff --git a/a b/a\n\0binary\n");
    const documents = [
      queuedDocument("low", { priority: 3 }),
      queuedDocument("retried", { not_before: time }, { attempt: 2 }, { patch, tail: "  last\n", record: { x: [1] } }),
      queuedDocument("second"),
      queuedDocument("urgent", { priority: 0, queue: "other" }),
      queuedDocument("running"),
    ];
    await from.enqueue(documents, signal);
    const running = (await entriesOf(from, "waiting")).find(({ run }) => run.run_id === "running")!;
    expect(await from.claim({ entry: running, lease: leaseOf("a1") }, signal)).toMatchObject({ kind: "won" });
    const before = (await entriesOf(from, "waiting")).map(({ queue, run }) => `${queue} ${run.run_id}`);

    const result = await migrate({ from, to }, services, signal);
    expect([...result.moved].sort()).toEqual(["low", "retried", "second", "urgent"]);
    expect(result).toMatchObject({ taken: [], left: [], running: ["running"] });
    expect((await entriesOf(to, "waiting")).map(({ queue, run }) => `${queue} ${run.run_id}`)).toEqual(before);
    const moved = (await to.read("retried", signal))!;
    expect(moved.run.queued).toEqual(documents[1]!.run.queued);
    expect(moved.run).toMatchObject({ state: "queued", attempt: 2 });
    expect(moved.run.message).toBeUndefined();
    expect(Buffer.from(moved.patch ?? [])).toEqual(patch);
    expect(moved).toMatchObject({ tail: "  last\n", record: { x: [1] } });
    expect((await to.read("second", signal))?.run.queued).not.toHaveProperty("not_before");
    expect(await idsOf(from, "waiting")).toEqual([]);
    expect(await idsOf(from, "leased")).toEqual(["running"]);
    expect((await from.read("second", signal))?.run).toMatchObject({
      state: "cancelled",
      message: `moved to ${to.location}`,
    });
    // It is known there still, so that a step that is run again enqueues nothing twice.
    expect(await from.enqueue([queuedDocument("second")], signal)).toMatchObject([{ kind: "already" }]);
    expect(await migrate({ from, to }, services, signal)).toMatchObject({ moved: [], taken: [], left: [] });
    // And it can come back.
    expect(await migrate({ from: to, to: from }, services, signal)).toMatchObject({
      moved: result.moved,
      taken: [],
      left: [],
    });
    expect((await entriesOf(from, "waiting")).map(({ queue, run }) => `${queue} ${run.run_id}`)).toEqual(before);
  });

  it("definitions and pauses go along, and what is otherwise there stays as it is", async () => {
    const define = (store: WholeStore, name: string, text: string): Promise<unknown> =>
      store.definitions!.write({ name, text, expected: undefined, by: "ada" }, signal);
    await define(from, "gpu", "description: big\n");
    await define(from, "unused", "description: empty\n");
    await define(from, "both", "description: here\n");
    await define(to, "both", "description: there\n");
    await from.enqueue([queuedDocument("a"), queuedDocument("b", { queue: "both" })], signal);
    await to.enqueue([queuedDocument("c", { queue: "both" })], signal);
    for (const queue of ["gpu", "both"]) await from.pause(queue, true, signal);

    const result = await migrate({ from, to }, services, signal);
    expect(result).toMatchObject({ queues: ["gpu", "unused"], different: ["both"], uncopied: [], paused: ["gpu"] });
    expect((await to.definitions!.read("unused", signal))?.text).toBe("description: empty\n");
    expect((await to.definitions!.read("both", signal))?.text).toBe("description: there\n");
    expect((await to.snapshot("all", signal)).paused).toEqual(["gpu"]);
    expect(result.moved).toEqual(["a"]);
    expect(result.left).toMatchObject([{ runId: "b", why: expect.stringContaining("is paused here") as string }]);
    expect(await idsOf(from, "waiting")).toEqual(["b"]);
  });

  it("a queue's runs stay where its definition can't be written", async () => {
    await from.definitions!.write({ name: "gpu", text: "{}\n", expected: undefined, by: "ada" }, signal);
    await from.enqueue([queuedDocument("a"), queuedDocument("b", { queue: "default" })], signal);
    const { definitions } = to;
    const guarded: WholeStore = {
      ...to,
      definitions: {
        ...definitions!,
        write: () => Promise.resolve({ kind: "protected", path: "gpu.yaml", branch: "main", said: "no" }),
      },
    };
    const result = await migrate({ from, to: guarded }, services, signal);
    expect(result).toMatchObject({ moved: ["b"], uncopied: ["gpu"], left: [{ runId: "a" }] });
    expect(await idsOf(from, "waiting")).toEqual(["a"]);
  });

  it("a run that the other store has had is left, and said", async () => {
    await enqueue(2);
    await to.enqueue([queuedDocument("train-0")], signal);
    const result = await migrate({ from, to }, services, signal);
    expect(result).toMatchObject({ moved: ["train-1"], left: [{ runId: "train-0" }] });
    expect(await idsOf(from, "waiting")).toEqual(["train-0"]);
  });

  it(
    "ended before or after any of its writes, it loses and doubles nothing, and the next one brings it to its end",
    { timeout: slow },
    async () => {
      const ids = await enqueue(3);
      let endings = 0;
      for (let writes = 0, ended = true; ended; writes++) {
        ended = false;
        for (const when of ["before", "after"] as const) {
          const dying = dyingAt(writes, when);
          const attempt = migrate({ from: dying.wrap(from), to: dying.wrap(to) }, services, signal);
          if (await attempt.then(() => false).catch(() => true)) {
            ended = true;
            endings += 1;
          }
          const here = await startable(from);
          const there = await startable(to);
          expect(here.filter((id) => there.includes(id))).toEqual([]);
          const known = new Set([...(await idsOf(from, "waiting")), ...(await idsOf(to, "waiting"))]);
          expect([...known].sort()).toEqual(ids);
        }
      }
      expect(endings).toBeGreaterThan(5);
      await migrate({ from, to }, services, signal);
      expect(await startable(to)).toEqual(ids);
      expect(await idsOf(from, "waiting")).toEqual([]);
    },
  );

  it("while agents serve both, and it is ended again and again, each run is run once", { timeout: slow }, async () => {
    const ids = await enqueue(12);
    const ran: string[] = [];
    const done = new AbortController();
    const serve = async (store: WholeStore, agent: string): Promise<void> => {
      while (!done.signal.aborted) {
        const ready = new Set(await startable(store));
        const entry = (await entriesOf(store, "waiting")).find(({ run }) => ready.has(run.run_id));
        const claim = entry && (await store.claim({ entry, lease: leaseOf(agent) }, signal));
        if (claim?.kind === "won") {
          ran.push(claim.entry.run.run_id);
          await store.finish(claim.entry, { document: endedRun(claim.document) }, signal);
        } else await systemClock.sleep(20, signal);
      }
    };
    const others = await Promise.all(engines.map((engine) => engine.open("agent")));
    const agents = others.map((store, index) => serve(store, `a${index}`));
    const taken = new Set<string>();
    let result: Migrated | undefined;
    for (let round = 1; result === undefined; round++) {
      const dying = dyingAt(round * 2, round % 2 === 0 ? "before" : "after");
      result = await migrate({ from: dying.wrap(from), to: dying.wrap(to) }, services, signal).catch(() => undefined);
      for (const id of result?.taken ?? []) taken.add(id);
    }
    while (ran.length < ids.length) await systemClock.sleep(50, AbortSignal.timeout(60_000));
    await systemClock.sleep(300, signal);
    done.abort();
    await Promise.all(agents);
    await Promise.all(others.map((store) => store.close()));
    expect(ran.slice().sort()).toEqual(ids.slice().sort());
    expect(await idsOf(from, "waiting")).toEqual([]);
    expect(await idsOf(to, "waiting")).toEqual([]);
  });
});

describeWith(["postgres"], "launch store migrate", () => {
  let server: PostgresServer;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  it(
    "killed again and again, in both directions, leaves each run in one store, and ends what it began",
    { timeout: slow },
    async () => {
      const launch = commandLine({ directory: folder.path, stateHome: folder.folder("state") });
      const [git, database] = [`git+file://${join(folder.path, "store.git")}`, await server.newDatabase()];
      const context = { log: silentLog, stateDirectory: stateDirectoryAt(join(folder.path, "state")) };
      const stores = await Promise.all([git, database].map((url) => openStore(parseStoreUrl(url), context)));
      const ids = Array.from({ length: 24 }, (_, index) => `train-${String(index).padStart(2, "0")}`);
      await stores[0]!.enqueue(
        ids.map((id) => queuedDocument(id)),
        signal,
      );
      const waiting = async (store: WholeStore | undefined): Promise<readonly string[]> =>
        (await store!.snapshot("all", signal)).entries
          .filter(({ place, run }) => place === "waiting" && run.queued?.not_before === undefined)
          .map(({ run }) => run.run_id);
      for (const [from, to] of [
        [git, database],
        [database, git],
      ] as const) {
        const migration = ["store", "migrate", from, to] as const;
        for (let kills = 0; kills < 3; kills++) {
          const command = launch.start(...migration);
          // Each kill comes a little later than the first sign of work.
          await command.seen("moved ").catch(() => undefined);
          await systemClock.sleep(30 * kills, signal);
          command.process.kill("SIGKILL");
          await command.ended;
          const [here, there] = await Promise.all(stores.map(waiting));
          expect(here!.filter((id) => there!.includes(id))).toEqual([]);
        }
        const { exitCode, stderr } = await launch(...migration);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        const [mine, other] = from === git ? [...stores] : [...stores].reverse();
        expect(await waiting(mine)).toEqual([]);
        expect(await waiting(other)).toEqual(ids);
      }
      await Promise.all(stores.map((store) => store.close()));
    },
  );
});

/** Stores whose process ends at the write of this number, counted over both: before it is done, or before its answer comes. */
function dyingAt(number: number, when: "before" | "after"): { wrap(store: WholeStore): WholeStore } {
  let writes = 0;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const dies = writes++ >= number;
    if (dies && (when === "before" || writes > number + 1)) throw new Error("killed");
    const result = await work();
    if (dies) throw new Error("killed");
    return result;
  };
  return {
    wrap: (store) => ({
      ...store,
      enqueue: (runs, abort) => step(() => store.enqueue(runs, abort)),
      cancel: (entry, document, abort) => step(() => store.cancel(entry, document, abort)),
      move: (entry, document, abort) => step(() => store.move(entry, document, abort)),
      remove: (runs, abort) => step(() => store.remove(runs, abort)),
    }),
  };
}
