import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { cancelEntries } from "../../src/queueing/cancel-runs.ts";
import { formatKey } from "../../src/queues/key.ts";
import { runStates, type RunState } from "../../src/run/states.ts";
import { doneOf, lost, requeued } from "../../src/run/transitions.ts";
import type { QueueEntry, QueuePlace, QueueStore } from "../../src/stores/queue-store.ts";
import { type QueueEngine, queueEngines } from "../support/stores/queue-engine.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

/*
 * Whoever can push can put a run with any state into any place. The place counts: nothing of it stops a queue, and each is got rid of by
 * what people do with runs in that place.
 */
const lease = { agent: "box", incarnation: "box-1", attempt: 1, since: "2026-11-23T12:00:00.000Z" };
const now = new Date("2026-11-23T12:05:00.000Z");

describe.each(Object.entries(queueEngines))("a run of any state, in any place of %s", (_name, make) => {
  const signal = AbortSignal.timeout(120_000);
  let folder: string;
  let engine: QueueEngine;
  let store: QueueStore;
  let planted = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "launch places "));
    engine = await make(folder);
    store = await engine.open("one");
    await store.enqueue([queuedDocument("made-by-a-launch")], signal);
  });
  afterAll(async () => {
    await store.close();
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  async function plant(place: QueuePlace, state: RunState): Promise<QueueEntry> {
    const runId = `by-hand-${++planted}`;
    const { run, record } = queuedDocument(runId, {}, { state, ...(place === "leased" ? { attempt: 1, lease } : {}) });
    const files = { head: JSON.stringify(run), record: JSON.stringify({ ...record, state }), place };
    await engine.plant("gpu", formatKey({ priority: 2, time: Date.now() + planted, runId }), files);
    const { entries } = await store.snapshot(["gpu"], signal);
    const entry = entries.find((other) => other.run.run_id === runId);
    if (entry === undefined) throw new Error(`${runId} is not in the snapshot`);
    expect(entry.place).toBe(place);
    const listed = (await store.list(100, signal)).find((each) => each.kind === "run" && each.run.run_id === runId);
    expect(listed).toMatchObject({ kind: "run", run: { state: entry.run.state } });
    expect((await store.read(runId, signal))?.run.state).toBe(entry.run.state);
    return entry;
  }

  it.each(runStates)("where runs wait, %s: it is cancelled", async (state) => {
    const entry = await plant("waiting", state);
    expect(entry.run.state).toBe("queued");
    const services = { store, clock: systemClock };
    const [done] = await cancelEntries({ entries: [entry], why: "unwanted" }, services, signal);
    expect(done?.result).toBe("cancelled");
    expect((await store.read(entry.run.run_id, signal))?.run).toMatchObject({
      state: "cancelled",
      message: "unwanted",
    });
  });

  it.each(runStates)("where runs wait, %s: it is taken", async (state) => {
    const entry = await plant("waiting", state);
    expect(await store.claim({ entry, lease: { ...lease, incarnation: entry.key } }, signal)).toMatchObject({
      kind: "won",
      document: { run: { state: "leased" } },
    });
  });

  it.each(runStates)("where runs are leased, %s: it is lost when its holder is gone", async (state) => {
    const entry = await plant("leased", state);
    expect(["leased", "building", "starting", "running"]).toContain(entry.run.state);
    const document = await store.load(entry, signal);
    const end = doneOf(lost(document!, "its agent is gone", now));
    expect((await store.finish(entry, { document: end }, signal)).finish.kind).toBe("written");
    expect((await store.read(entry.run.run_id, signal))?.run).toMatchObject({ state: "failed", reason: "lost" });
  });

  it.each(runStates)("where runs have ended, %s: it is let wait again", async (state) => {
    const entry = await plant("ended", state);
    expect(["succeeded", "failed", "cancelled"]).toContain(entry.run.state);
    const document = await store.load(entry, signal);
    const again = await store.move(entry, doneOf(requeued(document!, now)), signal);
    expect(again.kind).toBe("written");
    expect((await store.read(entry.run.run_id, signal))?.run.state).toBe("queued");
  });
});
