import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { QueueEntry, QueueStore } from "../../src/stores/queue-store.ts";
import { type QueueEngine, queueEngines } from "../support/stores/queue-engine.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

const ids = (entries: readonly QueueEntry[]): readonly string[] => entries.map(({ run }) => run.run_id);

describe.each(Object.entries(queueEngines))("runs of queues in %s", (_name, make) => {
  let folder: string;
  let engine: QueueEngine;
  let store: QueueStore;
  let other: QueueStore;
  let signal: AbortSignal;

  beforeEach(async () => {
    signal = AbortSignal.timeout(120_000);
    folder = await mkdtemp(join(tmpdir(), "launch ids "));
    engine = await make(folder);
    [store, other] = await Promise.all([engine.open("here"), engine.open("there")]);
  });
  afterEach(async () => {
    await store.close();
    await other.close();
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  it("don't take an id that another queue has", async () => {
    await store.enqueue([queuedDocument("digits-1"), queuedDocument("digits-2")], signal);
    const elsewhere = queuedDocument("digits-1", { queue: "cpu" });
    const results = await other.enqueue([elsewhere, queuedDocument("digits-3", { queue: "cpu" })], signal);
    expect(results).toMatchObject([{ kind: "already", runId: "digits-1" }, { kind: "enqueued" }]);
    expect(await other.enqueue([elsewhere], signal)).toEqual([{ kind: "already", runId: "digits-1" }]);
    expect((await other.read("digits-1", signal))?.run.queued?.queue).toBe("gpu");
    expect(ids((await store.snapshot(["cpu"], signal)).entries)).toEqual(["digits-3"]);
  });

  it("are of a store with one id for all who write to it, from the first on", async () => {
    const first = await Promise.all([store.identify(signal), other.identify(signal), store.identify(signal)]);
    expect(new Set(first).size).toBe(1);
    await store.enqueue([queuedDocument("digits-1")], signal);
    const third = await engine.open("later");
    await third.snapshot("all", signal);
    expect(await third.identify(signal)).toBe(first[0]);
    await third.close();
  });

  it("come to one id of their store where two put the first ones in at once", async () => {
    const results = await Promise.all([
      store.enqueue([queuedDocument("one")], signal),
      other.enqueue([queuedDocument("two", { queue: "cpu" })], signal),
    ]);
    expect(results.flat().map(({ kind }) => kind)).toEqual(["enqueued", "enqueued"]);
    expect(await store.identify(signal)).toBe(await other.identify(signal));
  });

  it("are of a store with another id than any other has", async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), "launch queues "));
    const another = await make(elsewhere);
    const itsStore = await another.open("here");
    try {
      expect(await itsStore.identify(signal)).not.toBe(await store.identify(signal));
    } finally {
      await itsStore.close();
      await another.end();
      await rm(elsewhere, { recursive: true, force: true });
    }
  });
});
