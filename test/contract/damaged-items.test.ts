import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { moveUnread, removeNamed, unreadNamed } from "../../src/queueing/unread-runs.ts";
import type { PickRequest, QueuePlace } from "../../src/stores/queue-store.ts";
import type { WholeStore } from "../../src/stores/whole-store.ts";
import { damages, plantedRun, type PlantedRun } from "../support/stores/damaged-items.ts";
import { type QueueEngine, queueEngines } from "../support/stores/queue-engine.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

/*
 * Every way in which a run can be damaged, in every place that a queue has: it is shown with its place and the reason, those behind it are
 * taken, and it is got rid of by its id alone.
 */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const queue = "gpu";
const places: readonly QueuePlace[] = ["waiting", "leased", "ended"];
const signal = new AbortController().signal;

const lease = (attempt: number) => ({ agent: "a1", incarnation: "a1-1", attempt, since: "2026-11-23T12:00:00.000Z" });

/** Takes all that can be taken, as agents do, and gives their ids. */
async function takeAll(store: WholeStore): Promise<readonly string[]> {
  const taken: string[] = [];
  if (store.picks !== undefined) {
    const request: PickRequest = {
      queue,
      lease: { agent: "a1", incarnation: "a1-1", since: lease(1).since },
      order: { mode: "priority", ageingMs: undefined },
      limits: { running: undefined, runningPerSubmitter: undefined },
      agent: { free: { x: 100 }, timeLeftMs: undefined },
    };
    for (;;) {
      const claim = await store.picks.claimNext(request, signal);
      if (claim.kind === "won") taken.push(claim.entry.run.run_id);
      else if (claim.kind !== "unreadable") return taken;
    }
  }
  for (const entry of (await store.snapshot([queue], signal)).entries) {
    if (entry.place !== "waiting") continue;
    const claim = await store.claim({ entry, lease: lease(entry.run.attempt + 1) }, signal);
    if (claim.kind === "won") taken.push(claim.entry.run.run_id);
  }
  return taken;
}

describe.each(Object.entries(queueEngines))("damaged runs in %s", (_name, make) => {
  let folder: string;
  let engine: QueueEngine;
  let store: WholeStore;
  let planted: readonly PlantedRun[];
  const good = ["good-1", "good-2", "good-3"];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "launch damaged "));
    mkdirSync(join(folder, "one"));
    engine = await make(folder);
    store = await engine.open("one");
    await store.enqueue([queuedDocument("good-1")], signal);
    const now = Date.now();
    const all = Object.entries(damages).flatMap(([name, damage], index) =>
      places.map((place, at) => {
        const runId = `bad-${index}-${place}`;
        return plantedRun(name, damage, { runId, place, time: now - 60_000 + index * 3 + at, queue });
      }),
    );
    planted = await engine.plantAll(queue, all);
    await store.enqueue([queuedDocument("good-2"), queuedDocument("good-3")], signal);
  });
  afterAll(async () => {
    await store.close();
    await engine.end();
    await rm(folder, { recursive: true, force: true });
  });

  it("are shown with their place and the reason, each and only they", async () => {
    const { entries, unreadable } = await store.snapshot([queue], signal);
    expect(entries.map(({ run }) => run.run_id).sort()).toEqual(good);
    for (const { runId, place, name } of planted) {
      const [entry, ...others] = unreadNamed(runId, unreadable);
      expect({ name, place: entry?.place, others }).toEqual({ name, place, others: [] });
      expect(entry?.why, name).toMatch(/^(?:its |it was written by a newer launch)/);
    }
    expect(unreadable).toHaveLength(planted.length);
    const listed = new Map(
      (await store.list(1_000, signal)).map((item) => [item.kind === "run" ? item.run.run_id : item.runId, item]),
    );
    for (const { runId, name } of planted)
      expect({ name, kind: listed.get(runId)?.kind }).toEqual({ name, kind: "unreadable" });
    for (const runId of good) expect(listed.get(runId)?.kind).toBe("run");
  });

  it("are taken by nobody, and those behind them are", async () => {
    expect([...(await takeAll(store))].sort()).toEqual(good);
    expect(await takeAll(store)).toEqual([]);
  });

  it("hold up neither folding nor the history", async () => {
    await store.fold(queue, 0, signal);
    expect(await store.history(queue, 10, signal)).toEqual([]);
  });

  it("go among the ended ones and back by their id alone, but for a newer launch's that is at work", async () => {
    const { unreadable } = await store.snapshot([queue], signal);
    const isAtWork = ({ place, isNewer }: (typeof unreadable)[number]): boolean =>
      place === "leased" && isNewer === true;
    for (const entry of unreadable.filter(isAtWork)) {
      await expect(moveUnread(entry, { store, to: "ended" }, signal)).rejects.toMatchObject({ code: "unsupported" });
    }
    const movable = unreadable.filter((entry) => !isAtWork(entry)).slice(0, 12);
    for (const entry of movable) expect(await moveUnread(entry, { store, to: "ended" }, signal)).toBe("moved");
    const after = (await store.snapshot([queue], signal)).unreadable;
    const back = movable.map(({ key }) => after.find((entry) => entry.key === key)!);
    expect(back.map(({ place }) => place)).toEqual(movable.map(() => "ended"));
    for (const entry of back) await moveUnread(entry, { store, to: "waiting" }, signal);
    const last = (await store.snapshot([queue], signal)).unreadable;
    expect(movable.map(({ key }) => last.find((entry) => entry.key === key)?.place)).toEqual(
      movable.map(() => "waiting"),
    );
    expect(await takeAll(store)).toEqual([]);
  });

  it("are removed by their id alone", async () => {
    const { unreadable } = await store.snapshot([queue], signal);
    const ids = planted
      .map(({ runId }) => runId)
      .filter(
        (runId) => !unreadNamed(runId, unreadable).some(({ place, isNewer }) => place === "leased" && isNewer === true),
      );
    expect([...(await removeNamed(ids, store, signal))].sort()).toEqual([...ids].sort());
    const left = (await store.snapshot([queue], signal)).unreadable;
    expect(left.every(({ place, isNewer }) => place === "leased" && isNewer === true)).toBe(true);
    await expect(removeNamed(["nobody-s"], store, signal)).rejects.toMatchObject({ code: "not-found" });
    await expect(removeNamed(["good-1"], store, signal)).rejects.toMatchObject({ code: "bad-usage" });
  });
});
