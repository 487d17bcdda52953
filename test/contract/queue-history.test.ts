import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { QueueStore } from "../../src/stores/queue-store.ts";
import { type QueueEngine, queueEngines } from "../support/stores/queue-engine.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

describe.each(Object.entries(queueEngines))("the history of a queue in %s", (_name, make) => {
  const signal = AbortSignal.timeout(120_000);
  let folder: string;
  let engine: QueueEngine;
  let store: QueueStore;
  let other: QueueStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "launch history "));
    engine = await make(folder);
    [store, other] = await Promise.all([engine.open("one"), engine.open("two")]);
  });
  afterEach(async () => {
    await Promise.all([store.close(), other.close()]);
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  it("loses runs that are removed, also while others are folded", async () => {
    const runIds = Array.from({ length: 6 }, (_, index) => `digits-${index}`);
    await store.enqueue(
      runIds.map((runId) => queuedDocument(runId)),
      signal,
    );
    const { entries } = await store.snapshot(["gpu"], signal);
    for (const [index, runId] of runIds.entries()) {
      const end = { state: "cancelled", reason: "cancelled", finished_at: `2026-11-2${index}T10:00:00.000Z` } as const;
      const cancelled = await store.cancel(entries[index]!, queuedDocument(runId, {}, end), signal);
      expect(cancelled).toBe("cancelled");
    }
    expect(await store.fold("gpu", 3, signal)).toBe(3);
    const [first, second] = await Promise.all(["digits-0", "digits-1"].map((runId) => store.read(runId, signal)));
    const stale = { runId: "digits-2", version: first!.version };
    const gone = [
      { runId: "digits-0", version: first!.version },
      { runId: "digits-1", version: second!.version },
    ];
    const [removed] = await Promise.all([store.remove([...gone, stale], signal), other.fold("gpu", 0, signal)]);
    expect([...removed].sort()).toEqual(["digits-0", "digits-1"]);
    const left = runIds.slice(2);
    for (const reader of [store, other]) {
      expect((await reader.history("gpu", 100, signal)).map(({ run_id }) => run_id).toSorted()).toEqual(left);
      expect(await reader.list(100, signal)).toHaveLength(4);
      expect(await reader.read("digits-0", signal)).toBeUndefined();
      expect(await reader.read("digits-2", signal)).toMatchObject({ run: { run_id: "digits-2" } });
    }
    expect(await other.enqueue([queuedDocument("digits-0"), queuedDocument("digits-2")], signal)).toMatchObject([
      { kind: "enqueued" },
      { kind: "already" },
    ]);
  });
});
