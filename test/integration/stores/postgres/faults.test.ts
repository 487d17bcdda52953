import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import type { Claim, PickRequest, QueueStore } from "../../../../src/stores/queue-store.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../../support/postgres/postgres.ts";
import { startPostgresProxy } from "../../../support/postgres/postgres-proxy.ts";
import { endedRun } from "../../../support/stores/queued-run.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

describeWith(["postgres"], "a Postgres store whose server or line fails", () => {
  let server: PostgresServer;
  let url: string;
  let signal: AbortSignal;
  const opened: QueueStore[] = [];

  const open = async (at: string): Promise<QueueStore> => {
    const store = await openStore(parseStoreUrl(at), {
      log: silentLog,
      stateDirectory: stateDirectoryAt("/nonexistent"),
    });
    opened.push(store);
    return store;
  };
  const pick = (agent: string): PickRequest => ({
    queue: "gpu",
    lease: { agent, incarnation: `${agent}-1`, since: "2026-11-23T10:01:00.000Z" },
    order: { mode: "priority", ageingMs: undefined },
    limits: { running: undefined, runningPerSubmitter: undefined },
    agent: undefined,
  });

  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    signal = AbortSignal.timeout(90_000);
    url = await server.newDatabase();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  it("loses no run and finishes none twice when the server is killed three times", { timeout: 120_000 }, async () => {
    const ids = Array.from({ length: 150 }, (_, index) => `digits-${index}`);
    await (
      await open(url)
    ).enqueue(
      ids.map((id) => queuedDocument(id)),
      signal,
    );
    const finished: string[] = [];
    const fenced: string[] = [];
    let agentsLeft = 6;

    const agent = async (name: string): Promise<void> => {
      const store = await open(url);
      let claim: Claim = await store.picks!.claimNext(pick(name), signal);
      while (claim.kind === "won") {
        const { entry, document } = claim;
        await delay(20);
        const end = await store.picks!.finishAndClaimNext(
          entry,
          { document: endedRun(document), next: pick(name) },
          signal,
        );
        (end.finish.kind === "written" ? finished : fenced).push(entry.run.run_id);
        claim = end.next ?? { kind: "lost" };
      }
      expect(claim.kind).toBe("lost");
      agentsLeft--;
    };
    const work = Promise.all(Array.from({ length: 6 }, (_, index) => agent(`agent-${index}`)));
    for (const share of [0.15, 0.4, 0.7]) {
      while (finished.length < ids.length * share && agentsLeft > 0) await delay(5);
      await server.kill();
      await server.start();
    }
    await work;

    expect(fenced).toEqual([]);
    expect(finished.sort()).toEqual([...ids].sort());
    const places = await sql(url, "SELECT place, count(*)::int FROM launch.runs GROUP BY place");
    expect(places).toEqual([{ place: "ended", count: ids.length }]);
  });

  it("finds its own write when the answer was lost", async () => {
    const direct = await open(url);
    await direct.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    const proxy = await startPostgresProxy(server.port);
    try {
      const store = await open(url.replace(`:${server.port}/`, `:${proxy.port}/`));
      await store.snapshot(["gpu"], signal);

      proxy.dropAnswersTo(/launch\.enqueue\(/, 1);
      const enqueued = await store.enqueue([queuedDocument("digits-3")], signal);
      expect(enqueued[0]?.kind).toBe("enqueued");

      proxy.dropAnswersTo(/launch\.claim_next\(/, 2);
      const first = await store.picks!.claimNext(pick("a"), signal);
      if (first.kind !== "won") throw new Error(first.kind);
      const leased = await sql(url, "SELECT run_id FROM launch.runs WHERE place = 'leased'");
      expect(leased).toEqual([{ run_id: first.entry.run.run_id }]);

      proxy.dropAnswersTo(/launch\.finish\(/, 2);
      const end = await store.picks!.finishAndClaimNext(
        first.entry,
        { document: endedRun(first.document), next: pick("a") },
        signal,
      );
      expect([end.finish.kind, end.next?.kind]).toEqual(["written", "won"]);
      const places = await sql(url, "SELECT place, count(*)::int FROM launch.runs GROUP BY place ORDER BY place");
      expect(places).toEqual([
        { place: "ended", count: 1 },
        { place: "leased", count: 1 },
        { place: "waiting", count: 1 },
      ]);

      if (end.next?.kind !== "won") throw new Error("no next run");
      proxy.dropAnswersTo(/launch\.release\(/, 1);
      expect((await store.release(end.next.entry, end.next.document, signal)).kind).toBe("written");
      expect((await store.release(end.next.entry, end.next.document, signal)).kind).toBe("fenced");
    } finally {
      await proxy.stop();
    }
  });

  it(
    "says that it doesn't know when a write got no answer within the bounds, and when nobody is there",
    { timeout: 60_000 },
    async () => {
      const store = await open(url);
      await store.enqueue([queuedDocument("digits-1")], signal);
      await server.kill();
      try {
        const stranger = await open(url);
        const failed = { code: "store-failed" };
        const [claim] = await Promise.all([
          store.picks!.claimNext(pick("a"), signal),
          expect(store.snapshot("all", signal)).rejects.toMatchObject(failed),
          expect(stranger.list(1, signal)).rejects.toMatchObject(failed),
        ]);
        expect(claim.kind).toBe("unknown");
      } finally {
        await server.start();
      }
      expect((await store.picks!.claimNext(pick("a"), signal)).kind).toBe("won");
    },
  );

  it("stops asking at once when it is cancelled", async () => {
    const store = await open(url);
    await store.enqueue([queuedDocument("digits-1")], signal);
    const cancelling = new AbortController();
    await server.kill();
    try {
      const claim = store.picks!.claimNext(pick("a"), cancelling.signal);
      claim.catch(() => undefined);
      await delay(300);
      cancelling.abort(new Error("enough"));
      await expect(claim).rejects.toThrow("enough");
    } finally {
      await server.start();
    }
  });

  it("hears of changes again after the server was away", async () => {
    const store = await open(url);
    const agent = await open(url);
    await store.enqueue([queuedDocument("digits-1")], signal);
    await agent.wait(["gpu"], 60_000, signal);
    await agent.snapshot(["gpu"], signal);

    const back = agent.wait(["gpu"], 60_000, signal);
    await server.kill();
    await server.start();
    // Back again, it looks: what came meanwhile was not heard.
    await back;
    await agent.snapshot(["gpu"], signal);
    const woken = agent.wait(["gpu"], 60_000, signal);
    await store.enqueue([queuedDocument("digits-2")], signal);
    await woken;
  });
});
