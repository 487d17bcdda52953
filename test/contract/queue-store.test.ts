import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatKey } from "../../src/queues/key.ts";
import type { Claim, LeaseWrite, QueueEntry, QueueStore } from "../../src/stores/queue-store.ts";
import type { Lease, RunHead } from "../../src/run/head.ts";
import type { RunDocument } from "../../src/run/document.ts";
import { queueEngines, type QueueEngine } from "../support/stores/queue-engine.ts";
import { queuedDocument, succeeded } from "../support/stores/run-document.ts";

const gpu = ["gpu"];
const cancellation = { state: "cancelled", reason: "cancelled" } as const;

function leaseOf(agent: string, attempt = 1): Lease {
  return { agent, incarnation: `${agent}-1`, attempt, since: "2026-11-23T10:01:00.000Z" };
}

function won(claim: Claim | undefined): { entry: QueueEntry; document: RunDocument } {
  if (claim?.kind !== "won") throw new Error(`not won: ${JSON.stringify(claim)}`);
  return claim;
}

function written(result: LeaseWrite): QueueEntry {
  if (result.kind !== "written") throw new Error(`not written: ${JSON.stringify(result)}`);
  return result.entry;
}

const withHead = (document: RunDocument, head: Partial<RunHead>): RunDocument => ({
  ...document,
  run: { ...document.run, ...head },
});

const ids = (entries: readonly QueueEntry[]): readonly string[] => entries.map(({ run }) => run.run_id);

describe.each(Object.entries(queueEngines))("queues in %s", (_name, make) => {
  let folder: string;
  let engine: QueueEngine;
  let store: QueueStore;
  let other: QueueStore;
  let signal: AbortSignal;

  const entries = async (from = store): Promise<readonly QueueEntry[]> => (await from.snapshot(gpu, signal)).entries;
  const entry = async (runId: string, from = store): Promise<QueueEntry> => {
    const found = (await entries(from)).find(({ run }) => run.run_id === runId);
    if (found === undefined) throw new Error(`${runId} is not in the queue`);
    return found;
  };
  const enqueue = async (...runIds: readonly string[]): Promise<readonly QueueEntry[]> => {
    const documents = runIds.map((runId) => queuedDocument(runId));
    const results = await store.enqueue(documents, signal);
    return results.map((result) => {
      if (result.kind !== "enqueued") throw new Error(JSON.stringify(result));
      return result.entry;
    });
  };
  const take = async (runId: string, agent = "box-1", from = store): Promise<ReturnType<typeof won>> =>
    won(await from.claim({ entry: await entry(runId, from), lease: leaseOf(agent) }, signal));
  const complete = async (runId: string, head: Partial<RunHead> = succeeded): Promise<QueueEntry> => {
    const taken = await take(runId);
    const { finish } = await store.finish(taken.entry, { document: withHead(taken.document, head) }, signal);
    return written(finish);
  };

  beforeEach(async () => {
    signal = AbortSignal.timeout(280_000);
    folder = await mkdtemp(join(tmpdir(), "launch queues "));
    engine = await make(folder);
    store = await engine.open("here");
    other = await engine.open("there");
  });
  afterEach(async () => {
    await store.close();
    await other.close();
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  it("are empty before the first run is put into one", async () => {
    expect(await store.snapshot("all", signal)).toMatchObject({ entries: [], unreadable: [], agents: [], paused: [] });
    expect(await store.history("gpu", 10, signal)).toEqual([]);
    expect(await store.fold("gpu", 0, signal)).toBe(0);
  });

  it("take many runs at once, and show them in their order to everyone", async () => {
    const runIds = Array.from({ length: 60 }, (_, index) => `digits-${60 - index}`);
    await enqueue(...runIds);
    await store.enqueue([queuedDocument("urgent", { priority: 0 }), queuedDocument("idle", { priority: 3 })], signal);
    for (const reader of [store, other]) {
      const seen = await entries(reader);
      expect(ids(seen)).toEqual(["urgent", ...runIds, "idle"]);
      expect(new Set(seen.map(({ place }) => place))).toEqual(new Set(["waiting"]));
    }
  });

  it("give back what was put in, whole", async () => {
    const patch = Buffer.from("a patch\0");
    const document = queuedDocument("digits-1", { slots: { gpu: 2 } }, {}, { patch, record: { args: ["--lr", 0.1] } });
    await store.enqueue([document], signal);
    const found = await entry("digits-1", other);
    expect(found).toMatchObject({ queue: "gpu", place: "waiting", cancelRequested: false, run: document.run });
    expect(await other.load(found, signal)).toEqual(document);
    expect(await other.read("digits-1", signal)).toEqual({ ...document, version: found.version });
  });

  it("keep each queue's runs apart", async () => {
    await store.enqueue([queuedDocument("one"), queuedDocument("two", { queue: "cpu" })], signal);
    expect(ids((await store.snapshot(["cpu"], signal)).entries)).toEqual(["two"]);
    expect(ids((await store.snapshot("all", signal)).entries).toSorted()).toEqual(["one", "two"]);
  });

  it("don't take a run of the same id twice, wherever it is by now", async () => {
    const again = async (): Promise<unknown> => other.enqueue([queuedDocument("digits-1")], signal);
    const already = [{ kind: "already", runId: "digits-1" }];
    await enqueue("digits-1");
    expect(await again()).toEqual(already);
    const taken = await take("digits-1");
    expect(await again()).toEqual(already);
    written((await store.finish(taken.entry, { document: withHead(taken.document, succeeded) }, signal)).finish);
    expect(await again()).toEqual(already);
    expect(await store.fold("gpu", 0, signal)).toBe(1);
    expect(await again()).toEqual(already);
    expect(
      (await other.enqueue([queuedDocument("two"), queuedDocument("two")], signal)).map(({ kind }) => kind),
    ).toEqual(["enqueued", "already"]);
    expect(ids(await entries())).toEqual(["two"]);
  });

  it("give a run to one of two who ask, and tell the other", async () => {
    await enqueue("digits-1");
    const [mine, theirs] = [await entry("digits-1"), await entry("digits-1", other)];
    const taken = won(await store.claim({ entry: mine, lease: leaseOf("box-1") }, signal));
    expect(await other.claim({ entry: theirs, lease: leaseOf("box-2") }, signal)).toEqual({ kind: "lost" });
    expect(taken.document.run).toMatchObject({ state: "leased", attempt: 1, lease: leaseOf("box-1") });
    expect(await entry("digits-1", other)).toEqual(taken.entry);
  });

  it("keep a run's progress", async () => {
    await enqueue("digits-1");
    const taken = await take("digits-1");
    const started = withHead(taken.document, { state: "running" });
    const running = written(await store.progress(taken.entry, { ...started, tail: "  epoch 1\n" }, signal));
    expect(await entry("digits-1", other)).toEqual(running);
    expect(await other.load(running, signal)).toMatchObject({ tail: "  epoch 1\n", run: { state: "running" } });
    expect((await store.progress(taken.entry, started, signal)).kind).toBe("fenced");
  });

  it("end a run with its record, and hold nothing against it", async () => {
    await enqueue("digits-1");
    const ended = await complete("digits-1");
    expect(ended.place).toBe("ended");
    expect(ended.run.lease).toBeUndefined();
    expect(await entry("digits-1", other)).toEqual(ended);
    expect((await other.read("digits-1", signal))?.run).toMatchObject(succeeded);
  });

  it("end a run and give the next in one go", async () => {
    await enqueue("one", "two");
    const taken = await take("one");
    const next = { entry: await entry("two"), lease: leaseOf("box-1") };
    const result = await store.finish(taken.entry, { document: withHead(taken.document, succeeded), next }, signal);
    expect(written(result.finish).place).toBe("ended");
    expect(won(result.next).document.run).toMatchObject({ run_id: "two", state: "leased" });
    expect((await entries(other)).map(({ place }) => place)).toEqual(["ended", "leased"]);
  });

  it("end a run though the next was taken by another", async () => {
    await enqueue("one", "two");
    const taken = await take("one");
    const next = { entry: await entry("two"), lease: leaseOf("box-1") };
    await take("two", "box-2", other);
    const result = await store.finish(taken.entry, { document: withHead(taken.document, succeeded), next }, signal);
    expect(written(result.finish).place).toBe("ended");
    expect(result.next).toEqual({ kind: "lost" });
    expect((await entry("two")).run.lease?.agent).toBe("box-2");
  });

  it("keep a failed run with its reason", async () => {
    await enqueue("digits-1");
    await complete("digits-1", {
      state: "failed",
      reason: "exit-code",
      exit_code: 3,
      finished_at: "2026-11-23T11:00:00Z",
    });
    expect((await other.history("gpu", 10, signal))[0]).toMatchObject({ state: "failed", exit_code: 3 });
  });

  it("take a run back to wait, at its old place, not before a time", async () => {
    await enqueue("one", "two");
    const taken = await take("one");
    const { queued } = taken.document.run;
    const later = { ...queued!, not_before: "2026-11-23T12:00:00.000Z" };
    const back = written(await store.release(taken.entry, withHead(taken.document, { queued: later }), signal));
    expect(back.run).toMatchObject({ state: "queued", attempt: 1, queued: later });
    expect(back.run.lease).toBeUndefined();
    expect(ids(await entries(other))).toEqual(["one", "two"]);
    expect(won(await other.claim({ entry: back, lease: leaseOf("box-2", 2) }, signal)).document.run.attempt).toBe(2);
  });

  it("cancel a waiting run at once", async () => {
    await enqueue("digits-1");
    const waiting = await entry("digits-1");
    const cancelled = withHead((await store.load(waiting, signal))!, cancellation);
    expect(await store.cancel(waiting, cancelled, signal)).toBe("cancelled");
    expect(await entry("digits-1", other)).toMatchObject({ place: "ended", run: { state: "cancelled" } });
    expect(await other.cancel(waiting, cancelled, signal)).toBe("changed");
    expect(await other.cancel(await entry("digits-1", other), cancelled, signal)).toBe("ended");
  });

  it("cancel many waiting runs together, and never one that was taken meanwhile", async ({ skip }) => {
    if (store.cancelWaiting === undefined) return skip("a request is cheap here: each run is cancelled by itself");
    await enqueue(...Array.from({ length: 30 }, (_, index) => `digits-${index}`));
    const waiting = await entries();
    const taken = await take(waiting[3]!.run.run_id, "box-1", other);
    const items = await Promise.all(
      waiting.map(async (one) => ({ entry: one, document: withHead((await store.load(one, signal))!, cancellation) })),
    );
    const results = await store.cancelWaiting(items, signal);
    const now = new Map((await entries(other)).map(({ run, place }) => [run.run_id, place]));
    // What is said to be cancelled is, and what isn't waits or runs as it did.
    expect(results.map((result) => (result === "cancelled" ? "ended" : "left"))).toEqual(
      waiting.map(({ run }) => (now.get(run.run_id) === "ended" ? "ended" : "left")),
    );
    expect(now.get(taken.entry.run.run_id)).toBe("leased");
    const left = items.filter((item, index) => results[index] === "changed" && item.entry.key !== taken.entry.key);
    expect(await store.cancelWaiting(left, signal)).toEqual(left.map(() => "cancelled"));
    expect(await store.cancelWaiting(items, signal)).toEqual(items.map(() => "changed"));
  });

  it("ask the holder of a leased run to end it, once", async () => {
    await enqueue("one", "two");
    const taken = await take("one");
    for (const asker of [other, store]) {
      expect(await asker.cancel(await entry("one", asker), taken.document, signal)).toBe("requested");
    }
    expect((await entries()).map(({ cancelRequested }) => cancelRequested)).toEqual([true, false]);
    const cancelled = withHead(taken.document, cancellation);
    written((await store.finish(await entry("one"), { document: cancelled }, signal)).finish);
    expect(await other.cancel(taken.entry, cancelled, signal)).toBe("ended");
  });

  it("let an ended run wait again, behind the others", async () => {
    await enqueue("one", "two");
    const ended = await complete("one", { state: "failed", reason: "lost" });
    const document = (await store.load(ended, signal))!;
    const waiting = written(
      await other.move(await entry("one", other), withHead(document, { state: "queued" }), signal),
    );
    expect(waiting).toMatchObject({ place: "waiting", run: { state: "queued" } });
    expect((await entries()).map(({ place, run }) => `${run.run_id} ${place}`)).toEqual(["two waiting", "one waiting"]);
    expect((await store.move(ended, document, signal)).kind).toBe("fenced");
  });

  it("change a waiting run's priority", async () => {
    await enqueue("one", "two", "three");
    const waiting = await entry("three");
    const document = (await store.load(waiting, signal))!;
    const urgent = withHead(document, { queued: { ...document.run.queued!, priority: 0 } });
    written(await store.move(waiting, urgent, signal));
    expect(ids(await entries(other))).toEqual(["three", "one", "two"]);
    expect((await other.claim({ entry: waiting, lease: leaseOf("box-2") }, signal)).kind).toBe("lost");
  });

  it("take a run from a holder that is gone, which can't end it then", async () => {
    await enqueue("digits-1");
    const stale = await take("digits-1");
    const seen = await entry("digits-1", other);
    const document = (await other.load(seen, signal))!;
    const free = written(await other.release(seen, document, signal));
    const ended = { document: withHead(stale.document, succeeded) };
    expect((await store.finish(stale.entry, ended, signal)).finish).toEqual({ kind: "fenced" });
    const second = won(await other.claim({ entry: free, lease: leaseOf("box-2", 2) }, signal));
    expect((await store.finish(stale.entry, ended, signal)).finish).toEqual({ kind: "fenced" });
    expect((await store.release(stale.entry, stale.document, signal)).kind).toBe("fenced");
    expect(await entry("digits-1")).toEqual(second.entry);
  });

  it("pause and go on", async () => {
    for (const paused of [true, true, false, false]) {
      await store.pause("gpu", paused, signal);
      expect((await other.snapshot(gpu, signal)).paused).toEqual(paused ? gpu : []);
    }
  });

  it("fold what has ended into a history that is still read by id", async () => {
    const runIds = Array.from({ length: 30 }, (_, index) => `digits-${index}`);
    const waiting = await enqueue(...runIds, "waits");
    for (const [index, runId] of runIds.entries()) {
      const day = index < 10 ? "2026-10-31" : "2026-11-23";
      const time = `${day}T10:${String(index).padStart(2, "0")}:00.000Z`;
      const ended = withHead(queuedDocument(runId), { ...cancellation, finished_at: time, created_at: time });
      expect(await store.cancel(waiting[index]!, ended, signal)).toBe("cancelled");
    }
    const newest = runIds.toReversed();
    expect(await store.fold("gpu", 3, signal)).toBe(27);
    expect(await other.fold("gpu", 3, signal)).toBe(0);
    expect(ids(await entries(other))).toEqual([...runIds.slice(-3), "waits"]);
    const history = await other.history("gpu", 100, signal);
    expect(history.map(({ run_id }) => run_id)).toEqual(newest);
    expect((await other.history("gpu", 5, signal)).map(({ run_id }) => run_id)).toEqual(newest.slice(0, 5));
    for (const reader of [store, other]) {
      const read = await reader.read("digits-4", signal);
      expect(read).toMatchObject({
        run: { run_id: "digits-4", ...cancellation, finished_at: history[25]?.finished_at },
      });
      expect(read?.record).toMatchObject({ run_id: "digits-4" });
    }
    const listed = await other.list(100, signal);
    expect(listed.map((item) => (item.kind === "run" ? item.run.run_id : item.why)).toSorted()).toEqual(
      [...runIds, "waits"].toSorted(),
    );
    expect(await store.remove([{ runId: "waits", version: (await entry("waits")).version }], signal)).toEqual([]);
  });

  it("leave alone what is damaged, newer or somebody else's, and show it", async () => {
    await enqueue("digits-1");
    const key = (runId: string): string => formatKey({ priority: 1, time: 1, runId });
    const newer = JSON.stringify({ ...queuedDocument("newer").run, schema_version: 2 });
    await engine.plant("gpu", key("damaged"), { head: "{" });
    await engine.plant("gpu", key("newer"), { head: newer });
    const { entries: read, unreadable } = await other.snapshot(gpu, signal);
    expect(ids(read)).toEqual(["digits-1"]);
    expect(unreadable.map((item) => item.key).toSorted()).toEqual([key("damaged"), key("newer")].toSorted());
    expect(unreadable.find((item) => item.key === key("newer"))?.why).toContain("newer launch");
    await complete("digits-1");
    await store.fold("gpu", 0, signal);
    expect((await store.snapshot(gpu, signal)).unreadable).toHaveLength(2);
  });

  it("say at once when something changed, and end the wait when nothing did", async () => {
    await enqueue("one");
    await entries();
    await store.wait(gpu, 30, signal);
    const waiting = store.wait(gpu, 60_000, signal);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await other.enqueue([queuedDocument("two")], signal);
    await waiting;
    expect(ids(await entries())).toEqual(["one", "two"]);
    const stop = new AbortController();
    // A store may wake whoever waits once too often.
    const waitOn = async (): Promise<never> => {
      for (;;) await store.wait(gpu, 60_000, stop.signal);
    };
    const stopped = waitOn();
    stop.abort();
    await expect(stopped).rejects.toThrow();
  });

  it("know what was done when the answer was lost", async ({ skip }) => {
    const { loseNextAnswer } = engine;
    if (loseNextAnswer === undefined) return skip("no answer can be lost here");
    loseNextAnswer();
    await enqueue("one", "two");
    loseNextAnswer();
    const taken = await take("one");
    loseNextAnswer();
    const running = written(await store.progress(taken.entry, withHead(taken.document, { state: "running" }), signal));
    loseNextAnswer();
    const next = { entry: await entry("two"), lease: leaseOf("box-1") };
    const result = await store.finish(running, { document: withHead(taken.document, succeeded), next }, signal);
    written(result.finish);
    const second = won(result.next);
    loseNextAnswer();
    const back = written(await store.release(second.entry, second.document, signal));
    loseNextAnswer();
    expect(await store.cancel(back, withHead(second.document, { state: "cancelled" }), signal)).toBe("cancelled");
    expect((await entries(other)).map(({ run, place }) => `${run.run_id} ${place} ${run.state}`)).toEqual([
      "one ended succeeded",
      "two ended cancelled",
    ]);
    loseNextAnswer();
    expect(await store.fold("gpu", 0, signal)).toBe(2);
  });

  it("give each of 100 runs to one of 16 agents at once", async () => {
    const runIds = Array.from({ length: 100 }, (_, index) => `run-${index}`);
    await enqueue(...runIds);
    const claimed: string[] = [];
    const agent = async (name: string): Promise<void> => {
      const mine = await engine.open(name);
      for (;;) {
        let waiting = (await entries(mine)).filter(({ place }) => place === "waiting");
        if (waiting.length === 0) break;
        for (let tries = 0; tries < 8 && waiting.length > 0; tries++) {
          const chosen = waiting[Math.floor(Math.random() * Math.min(32, waiting.length))]!;
          const result = await mine.claim({ entry: chosen, lease: leaseOf(name) }, signal);
          if (result.kind === "won") claimed.push(chosen.run.run_id);
          waiting = waiting.filter((other) => other !== chosen);
        }
      }
      await mine.close();
    };
    await Promise.all(Array.from({ length: 16 }, (_, index) => agent(`box-${index}`)));
    expect(claimed.toSorted()).toEqual(runIds.toSorted());
    const held = await entries();
    expect(held.every(({ place }) => place === "leased")).toBe(true);
    expect(ids(held).toSorted()).toEqual(runIds.toSorted());
  }, 300_000);
});
