import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SeenAgent } from "../../src/stores/agent-store.ts";
import type { WholeStore } from "../../src/stores/whole-store.ts";
import { beatOf } from "../support/agent/agent-beat.ts";
import { queueEngines, type QueueEngine } from "../support/stores/queue-engine.ts";

const gpu = ["gpu"];

describe.each(Object.entries(queueEngines))("agents in %s", (_name, make) => {
  let folder: string;
  let engine: QueueEngine;
  let store: WholeStore;
  let other: WholeStore;
  let signal: AbortSignal;

  beforeEach(async () => {
    signal = AbortSignal.timeout(100_000);
    folder = await mkdtemp(join(tmpdir(), "launch agents "));
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

  it("of one id are told apart", async () => {
    const first = await store.beat(beatOf("box-1", "a"), undefined, signal);
    if (first.kind !== "written") throw new Error(JSON.stringify(first));
    const conflict = { kind: "conflict", current: { beat: beatOf("box-1", "a"), version: first.version } };
    expect(await other.beat(beatOf("box-1", "b"), undefined, signal)).toEqual(conflict);

    const second = await other.beat(beatOf("box-1", "b"), first.version, signal);
    expect(second.kind).toBe("written");
    expect(await store.beat(beatOf("box-1", "a", 2), first.version, signal)).toMatchObject({
      kind: "conflict",
      current: { beat: { incarnation: "b" } },
    });
    const { agents } = await store.snapshot(gpu, signal);
    expect(agents.map(({ beat }) => beat)).toEqual([beatOf("box-1", "b")]);
    await store.forget({ agent: "box-1", version: first.version }, signal);
    expect((await other.snapshot(gpu, signal)).agents).toHaveLength(1);
    await store.forget({ agent: "box-1", version: agents[0]!.version }, signal);
    expect((await other.snapshot(gpu, signal)).agents).toEqual([]);
  });

  it("are asked to stop, in the incarnation that was seen and no other", async () => {
    const seen = async (from: WholeStore, agent = "box-1"): Promise<SeenAgent> => {
      const found = (await from.snapshot(gpu, signal)).agents.find(({ beat }) => beat.agent === agent);
      if (found === undefined) throw new Error(`${agent} is not there`);
      return found;
    };
    const first = await store.beat(beatOf("box-1", "a"), undefined, signal);
    if (first.kind !== "written") throw new Error(JSON.stringify(first));
    await store.beat(beatOf("box-2", "a"), undefined, signal);
    expect((await seen(store)).stop).toBeUndefined();
    await other.requestStop(await seen(other), "drain", signal);
    await other.requestStop(await seen(other), "drain", signal);
    expect((await seen(store)).stop).toBe("drain");
    expect((await seen(store, "box-2")).stop).toBeUndefined();
    const again = await store.beat(beatOf("box-1", "a", 2), first.version, signal);
    if (again.kind !== "written") throw new Error(JSON.stringify(again));
    expect((await seen(store)).stop).toBe("drain");
    await other.requestStop(await seen(other), "now", signal);
    await other.requestStop(await seen(other), "drain", signal);
    expect((await seen(store)).stop).toBe("now");

    const stale = await seen(other);
    const next = await store.beat(beatOf("box-1", "b"), again.version, signal);
    expect(next.kind).toBe("written");
    await other.requestStop(stale, "drain", signal);
    expect((await seen(store)).stop).toBeUndefined();
    await store.forget({ agent: "box-1", version: (await seen(store)).version }, signal);
    await store.beat(beatOf("box-1", "a"), undefined, signal);
    expect((await seen(other)).stop).toBeUndefined();
  });

  it("are there, and asked, also when the answer was lost", async ({ skip }) => {
    const { loseNextAnswer } = engine;
    if (loseNextAnswer === undefined) return skip("no answer can be lost here");
    loseNextAnswer();
    expect((await store.beat(beatOf("box-1", "a"), undefined, signal)).kind).toBe("written");
    loseNextAnswer();
    await store.requestStop({ beat: beatOf("box-1", "a"), version: "" }, "drain", signal);
    expect((await other.snapshot(gpu, signal)).agents[0]?.stop).toBe("drain");
  });
});
