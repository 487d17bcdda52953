import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { QueueEntry, QueueStore } from "../../src/stores/queue-store.ts";
import type { RunDocument } from "../../src/run/document.ts";
import { doneOf, takenOver } from "../../src/run/transitions.ts";
import { queueEngines, type QueueEngine } from "../support/stores/queue-engine.ts";
import { endedRun, leaseOf } from "../support/stores/queued-run.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

/* Two who have seen the same version of a run both want to change it: one of them does, and the other hears that it did not. */

type Change = (store: QueueStore, entry: QueueEntry, document: RunDocument, signal: AbortSignal) => Promise<string>;

const urgent = (document: RunDocument): RunDocument => {
  const { queued } = document.run;
  if (queued === undefined) throw new Error("it is of no queue");
  return { ...document, run: { ...document.run, queued: { ...queued, priority: 0 } } };
};
const cancelled = (document: RunDocument): RunDocument => ({
  ...document,
  run: { ...document.run, state: "cancelled", reason: "cancelled" },
});

const ofWaiting = {
  claim: async (store, entry, _document, signal) =>
    (await store.claim({ entry, lease: leaseOf(crypto.randomUUID().slice(0, 8)) }, signal)).kind,
  prioritize: async (store, entry, document, signal) => (await store.move(entry, urgent(document), signal)).kind,
  cancel: (store, entry, document, signal) => store.cancel(entry, cancelled(document), signal),
} satisfies Record<string, Change>;

const takeOver = (document: RunDocument, agent: string): RunDocument => doneOf(takenOver(document, leaseOf(agent)));

const ofLeased = {
  renew: async (store, entry, document, signal) => (await store.progress(entry, document, signal)).kind,
  "take over": async (store, entry, document, signal) =>
    (await store.progress(entry, takeOver(document, "box-2"), signal)).kind,
  expire: async (store, entry, document, signal) => (await store.release(entry, document, signal)).kind,
  finish: async (store, entry, document, signal) =>
    (await store.finish(entry, { document: endedRun(document) }, signal)).finish.kind,
} satisfies Record<string, Change>;

const done = ["won", "written", "cancelled"];
const refused = ["lost", "fenced", "changed", "ended", "requested"];

function pairsOf(changes: Readonly<Record<string, Change>>): readonly [string, Change, Change][] {
  const all = Object.entries(changes);
  return all.flatMap(([name, one], at) =>
    all.slice(at).map(([second, two]): [string, Change, Change] => [`${name} and ${second}`, one, two]),
  );
}

describe.each(Object.entries(queueEngines))("changes of one run in %s", (_name, make) => {
  let folder: string;
  let engine: QueueEngine;
  let store: QueueStore;
  let other: QueueStore;
  let signal: AbortSignal;

  const only = async (from: QueueStore): Promise<QueueEntry> => {
    const { entries } = await from.snapshot(["gpu"], signal);
    const [entry] = entries;
    if (entry === undefined || entries.length > 1) throw new Error(`${entries.length} entries of one run`);
    return entry;
  };
  const race = async (one: Change, two: Change, isLost: boolean): Promise<void> => {
    const [mine, theirs] = [await only(store), await only(other)];
    const [document, same] = [await store.load(mine, signal), await other.load(theirs, signal)];
    if (document === undefined || same === undefined) throw new Error("it can't be read");
    if (isLost) engine.loseNextAnswer?.();
    const results = await Promise.all([one(store, mine, document, signal), two(other, theirs, same, signal)]);
    expect(results.filter((result) => done.includes(result))).toHaveLength(1);
    expect(results.filter((result) => refused.includes(result))).toHaveLength(1);
    expect((await only(store)).version).toBe((await only(other)).version);
  };

  beforeEach(async () => {
    signal = AbortSignal.timeout(100_000);
    folder = await mkdtemp(join(tmpdir(), "launch races "));
    engine = await make(folder);
    store = await engine.open("here");
    other = await engine.open("there");
    await store.enqueue([queuedDocument("digits-1")], signal);
  });
  afterEach(async () => {
    await store.close();
    await other.close();
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each([false, true])("of which an answer is lost: %s", (isLost) => {
    it.for(pairsOf(ofWaiting))("that waits: %s", async ([, one, two], { skip }) => {
      if (isLost && engine.loseNextAnswer === undefined) skip("no answer can be lost here");
      await race(one, two, isLost);
    });

    it.for(pairsOf(ofLeased))("that is leased: %s", async ([, one, two], { skip }) => {
      if (isLost && engine.loseNextAnswer === undefined) skip("no answer can be lost here");
      await store.claim({ entry: await only(store), lease: leaseOf("box") }, signal);
      await race(one, two, isLost);
    });
  });

  it("say who has taken it over", async () => {
    const claim = await store.claim({ entry: await only(store), lease: leaseOf("box") }, signal);
    if (claim.kind !== "won") throw new Error("it was not won");
    const taken = await other.progress(await only(other), takeOver(claim.document, "box-2"), signal);
    if (taken.kind !== "written") throw new Error("it was not taken over");
    expect(taken.entry.run.lease).toEqual(leaseOf("box-2"));
    expect(await only(store)).toEqual(taken.entry);
    expect((await other.load(taken.entry, signal))?.run.lease).toEqual(leaseOf("box-2"));
  });
});
