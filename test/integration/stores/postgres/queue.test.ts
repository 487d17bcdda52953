import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import { migrations } from "../../../../src/stores/postgres/migrations/index.ts";
import type { PickRequest, QueueEntry } from "../../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../../src/stores/whole-store.ts";
import { beatOf } from "../../../support/agent/agent-beat.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../../support/postgres/postgres.ts";
import { endedRun, leaseOf } from "../../../support/stores/queued-run.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

describeWith(["postgres"], "queues in Postgres", () => {
  let server: PostgresServer;
  let url: string;
  let store: WholeStore;
  let signal: AbortSignal;
  const opened: WholeStore[] = [];

  const open = async (): Promise<WholeStore> => {
    const made = await openStore(parseStoreUrl(url), {
      log: silentLog,
      stateDirectory: stateDirectoryAt("/nonexistent"),
    });
    opened.push(made);
    return made;
  };
  const firstOf = async (queue = "gpu"): Promise<QueueEntry> => {
    const { entries } = await store.snapshot([queue], signal);
    return entries.find(({ place }) => place === "waiting")!;
  };
  const pick = (agent: string, more: Partial<PickRequest> = {}): PickRequest => ({
    queue: "gpu",
    lease: { agent, incarnation: `${agent}-1`, since: "2026-11-23T10:01:00.000Z" },
    order: { mode: "priority", ageingMs: undefined },
    limits: { running: undefined, runningPerSubmitter: undefined },
    agent: undefined,
    ...more,
  });

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    signal = AbortSignal.timeout(60_000);
    url = await server.newDatabase();
    store = await open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  it("makes no tables to look at what isn't there", async () => {
    expect(await store.snapshot("all", signal)).toMatchObject({ entries: [], unreadable: [], agents: [], paused: [] });
    expect(await store.list(10, signal)).toEqual([]);
    expect(await store.read("digits-1", signal)).toBeUndefined();
    expect(await sql(url, "SELECT nspname FROM pg_namespace WHERE nspname = 'launch'")).toEqual([]);
  });

  it("makes its tables once, however many come at the same time", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, open));
    const results = await Promise.all(
      stores.map((each, index) => each.enqueue([queuedDocument(`digits-${index}`)], signal)),
    );
    expect(results.flat().map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => "enqueued"));
    const versions = await sql(url, "SELECT version FROM launch.migrations ORDER BY version");
    expect(versions).toEqual(migrations.map((_, index) => ({ version: index + 1 })));
  });

  it("brings tables of the first version up, with what is in them", async () => {
    const [first = ""] = migrations;
    await sql(url, `CREATE SCHEMA launch; CREATE TABLE launch.migrations (version integer PRIMARY KEY); ${first}`);
    await sql(url, "INSERT INTO launch.migrations VALUES (1)");
    const beat = beatOf("box-1", "a");
    const [agent, text] = [beat.agent, JSON.stringify(beat)];
    await sql(url, `INSERT INTO launch.agents (agent, version, beat) VALUES ('${agent}', 'v1', '${text}')`);
    const [seen] = (await store.snapshot("all", signal)).agents;
    expect(seen).toEqual({ beat, version: "v1" });
    await store.requestStop(seen!, "drain", signal);
    expect((await store.snapshot("all", signal)).agents[0]?.stop).toBe("drain");
  });

  it("refuses tables of a newer launch, and says so", async () => {
    await store.enqueue([queuedDocument("digits-1")], signal);
    await sql(url, "INSERT INTO launch.migrations (version) VALUES (99)");
    const later = await open();
    await expect(later.snapshot("all", signal)).rejects.toThrow(/newer launch \(its tables have version 99/);
  });

  it("shows no password in its name or its messages", async () => {
    expect(store.location).toBe(`postgres://127.0.0.1:${server.port}/${new URL(url).pathname.slice(1)}`);
    url = url.replace(/:\/\/postgres:[^@]*@/, "://postgres:wr0ng-s3cret@");
    const other = await open();
    const failure: unknown = await other.list(1, signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "refused" });
    expect(String(failure)).not.toContain("wr0ng");
  });

  it("lets sixteen claimers take two hundred runs, each once", async () => {
    const runs = Array.from({ length: 200 }, (_, index) => queuedDocument(`digits-${index}`));
    await store.enqueue(runs, signal);
    const agents = await Promise.all(Array.from({ length: 16 }, open));
    const taken = await Promise.all(
      agents.map(async (agent, index) => {
        const mine: string[] = [];
        for (;;) {
          const claim = await agent.picks!.claimNext(pick(`agent-${index}`), signal);
          if (claim.kind === "unknown") throw new Error(claim.message);
          if (claim.kind !== "won") return mine;
          mine.push(claim.entry.run.run_id);
        }
      }),
    );
    expect(taken.flat().sort()).toEqual(runs.map(({ run }) => run.run_id).sort());
    const { entries } = await store.snapshot(["gpu"], signal);
    expect(new Set(entries.map(({ place }) => place))).toEqual(new Set(["leased"]));
  });

  it("never leases more than a limit allows, however many ask at once", async () => {
    await store.enqueue(
      Array.from({ length: 20 }, (_, index) =>
        queuedDocument(`digits-${index}`, {}, { by: index % 2 === 0 ? "ann" : "bob" }),
      ),
      signal,
    );
    const agents = await Promise.all(Array.from({ length: 12 }, open));
    const limits = { running: 5, runningPerSubmitter: 3 };
    await Promise.all(agents.map((each, index) => each.picks!.claimNext(pick(`agent-${index}`, { limits }), signal)));
    const { entries } = await store.snapshot(["gpu"], signal);
    const leased = entries.filter(({ place }) => place === "leased").map(({ run }) => run.by);
    expect(leased).toHaveLength(5);
    expect(leased.filter((by) => by === "ann").length).toBeLessThanOrEqual(3);
    expect(leased.filter((by) => by === "bob").length).toBeLessThanOrEqual(3);
  });

  it("refuses a stale holder's finish, and gives it no next run", async () => {
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    const claim = await store.claim({ entry: await firstOf(), lease: leaseOf("a") }, signal);
    if (claim.kind !== "won") throw new Error(claim.kind);
    const released = await store.release(claim.entry, claim.document, signal);
    expect(released.kind).toBe("written");

    const late = await store.picks!.finishAndClaimNext(
      claim.entry,
      { document: endedRun(claim.document), next: pick("a") },
      signal,
    );
    expect(late).toEqual({ finish: { kind: "fenced" }, next: { kind: "lost" } });
    const { entries } = await store.snapshot(["gpu"], signal);
    expect(entries.map(({ place, run }) => [place, run.state, run.lease])).toEqual([
      ["waiting", "queued", undefined],
      ["waiting", "queued", undefined],
    ]);
  });

  it("finishes a run and takes the next in one transaction, by name or by order", async () => {
    const runs = [queuedDocument("digits-1"), queuedDocument("digits-2"), queuedDocument("digits-3", { priority: 0 })];
    await store.enqueue(runs, signal);
    const first = await store.picks!.claimNext(pick("a"), signal);
    if (first.kind !== "won") throw new Error(first.kind);
    expect(first.entry.run).toMatchObject({ run_id: "digits-3", attempt: 1, lease: { attempt: 1 } });

    const entry = await firstOf();
    const second = await store.finish(
      first.entry,
      { document: endedRun(first.document), next: { entry, lease: leaseOf("a", 2) } },
      signal,
    );
    if (second.next?.kind !== "won") throw new Error("no next run");
    expect(second.next.entry.run).toMatchObject({
      run_id: entry.run.run_id,
      attempt: 2,
      state: "leased",
      lease: { agent: "a" },
    });

    const third = await store.picks!.finishAndClaimNext(
      second.next.entry,
      { document: endedRun(second.next.document), next: pick("a") },
      signal,
    );
    expect(third.finish.kind).toBe("written");
    expect(third.next).toMatchObject({ kind: "won", entry: { place: "leased", run: { state: "leased" } } });
    const history = await store.history("gpu", 10, signal);
    expect(history.map(({ run_id, state }) => [run_id, state])).toEqual([
      ["digits-3", "succeeded"],
      [entry.run.run_id, "succeeded"],
    ]);
  });

  it("enqueues once what is enqueued twice", async () => {
    const run = queuedDocument("digits-1");
    expect((await store.enqueue([run], signal))[0]?.kind).toBe("enqueued");
    const again = await (await open()).enqueue([run, queuedDocument("digits-2")], signal);
    expect(again.map(({ kind }) => kind)).toEqual(["already", "enqueued"]);
    expect((await store.snapshot(["gpu"], signal)).entries).toHaveLength(2);
  });

  it("takes nothing from a paused queue", async () => {
    await store.enqueue([queuedDocument("digits-1")], signal);
    await store.pause("gpu", true, signal);
    expect((await store.snapshot("all", signal)).paused).toEqual(["gpu"]);
    expect(await store.picks!.claimNext(pick("a"), signal)).toEqual({ kind: "lost" });
    await store.pause("gpu", false, signal);
    expect((await store.picks!.claimNext(pick("a"), signal)).kind).toBe("won");
  });

  it("asks a holder to end its run, and cancels one that waits", async () => {
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    const waiting = await firstOf();
    const cancelled = endedRun(queuedDocument(waiting.run.run_id), { state: "cancelled", reason: "cancelled" });
    expect(await store.cancel(waiting, cancelled, signal)).toBe("cancelled");
    expect(await store.cancel(waiting, cancelled, signal)).toBe("changed");

    const claim = await store.picks!.claimNext(pick("a"), signal);
    if (claim.kind !== "won") throw new Error(claim.kind);
    expect(await store.cancel(claim.entry, claim.document, signal)).toBe("requested");
    const { entries } = await store.snapshot(["gpu"], signal);
    expect(entries.find(({ place }) => place === "leased")?.cancelRequested).toBe(true);
    const end = await store.finish(claim.entry, { document: endedRun(claim.document, { state: "cancelled" }) }, signal);
    expect(end.finish.kind).toBe("written");
  });

  it("folds ended runs out of sight and keeps them in the history", async () => {
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2"), queuedDocument("digits-3")], signal);
    for (let minute = 1; minute <= 3; minute++) {
      const claim = await store.picks!.claimNext(pick("a"), signal);
      if (claim.kind !== "won") throw new Error(claim.kind);
      const finished_at = `2026-11-23T10:0${minute}:00.000Z`;
      await store.finish(claim.entry, { document: endedRun(claim.document, { finished_at }) }, signal);
    }
    expect(await store.fold("gpu", 1, signal)).toBe(2);
    const { entries } = await store.snapshot(["gpu"], signal);
    expect(entries.map(({ run }) => run.run_id)).toEqual(["digits-3"]);
    const history = await store.history("gpu", 10, signal);
    expect(history.map(({ run_id }) => run_id)).toEqual(["digits-3", "digits-2", "digits-1"]);
    expect((await store.read("digits-1", signal))?.run.state).toBe("succeeded");
  });

  it("sees that two agents of one id write beats", async () => {
    const beat = {
      schema_version: 1,
      agent: "a",
      incarnation: "a-1",
      sequence: 1,
      host: "here",
      state: "working",
      queues: ["gpu"],
      max_jobs: 1,
      runs: [],
      slots: { gpu: { total: 2, free: 1 } },
      lease: { ttl_ms: 60_000, heartbeat_ms: 20_000 },
      at: "2026-11-23T10:00:00.000Z",
    } as const;
    const first = await store.beat(beat, undefined, signal);
    if (first.kind !== "written") throw new Error(first.kind);
    const second = await store.beat({ ...beat, sequence: 2 }, first.version, signal);
    if (second.kind !== "written") throw new Error(second.kind);
    const other = { ...beat, incarnation: "a-2" };
    for (const expected of [undefined, first.version]) {
      const conflict = await store.beat(other, expected, signal);
      expect(conflict).toEqual({
        kind: "conflict",
        current: { beat: { ...beat, sequence: 2 }, version: second.version },
      });
    }
    const [seen] = (await store.snapshot("all", signal)).agents;
    await store.forget({ agent: other.agent, version: first.version }, signal);
    expect((await store.snapshot("all", signal)).agents).toEqual([seen]);
    await store.forget({ agent: seen!.beat.agent, version: seen!.version }, signal);
    expect((await store.snapshot("all", signal)).agents).toEqual([]);
  });

  it("wakes whoever waits when something comes, and nobody else", async () => {
    const agent = await open();
    // The first wait starts to listen, and returns as soon as it does: something may have come before.
    await agent.wait(["gpu"], 30_000, signal);
    await agent.snapshot(["gpu"], signal);
    const woken: string[] = [];
    const waits = [
      agent.wait(["gpu"], 30_000, signal).then(() => woken.push("gpu")),
      agent.wait(["cpu"], 30_000, AbortSignal.any([signal])).then(() => woken.push("cpu")),
    ];
    await store.enqueue([queuedDocument("digits-1")], signal);
    await waits[0];
    expect(woken).toEqual(["gpu"]);
    await store.enqueue([queuedDocument("digits-2", { queue: "cpu" })], signal);
    await waits[1];

    // What came while nobody waited is news too.
    await agent.snapshot(["gpu"], signal);
    await store.enqueue([queuedDocument("digits-3")], signal);
    await delay(200);
    await agent.wait(["gpu"], 30_000, signal);
  });

  it("ends a wait at once when it is cancelled", async () => {
    const cancelling = new AbortController();
    const wait = store.wait(["gpu"], 60_000, cancelling.signal);
    cancelling.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
  });

  it("shows what a newer launch wrote, and leaves it alone", async () => {
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    await sql(url, `UPDATE launch.runs SET head = head || '{"schema_version": 2}' WHERE run_id = 'digits-1'`);
    const { entries, unreadable } = await store.snapshot("all", signal);
    expect(entries.map(({ run }) => run.run_id)).toEqual(["digits-2"]);
    expect(unreadable).toMatchObject([{ queue: "gpu", why: expect.stringContaining("newer launch") as unknown }]);
    await expect(store.read("digits-1", signal)).rejects.toMatchObject({ code: "unsupported" });
    const claim = await store.picks!.claimNext(pick("a"), signal);
    expect(claim).toMatchObject({ kind: "won", entry: { run: { run_id: "digits-2" } } });
  });
});
