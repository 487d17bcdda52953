import { describe, expect, it } from "vitest";
import { liveness } from "../../../../src/agent/leases/liveness.ts";
import type { QueueSnapshot } from "../../../../src/stores/queue-store.ts";
import { beatOf } from "../../../support/agent/agent-beat.ts";
import { leaseOf } from "../../../support/stores/queued-run.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

const ttlMs = 60_000;
const me = { agent: "box-1", incarnation: "one" };
const other = { agent: "box-2", incarnation: "two" };

/** Versions of our beat and of the other's at a look. */
function seen(mine: string, theirs: string): QueueSnapshot {
  const agents = [
    { beat: beatOf(me.agent, me.incarnation), version: mine },
    { beat: beatOf(other.agent, other.incarnation), version: theirs },
  ];
  return { entries: [], unreadable: [], agents, paused: [] };
}

describe("an agent that is watched", () => {
  it("is taken for gone when its beat stays as it is, for longer than its lease and its supervisors have", () => {
    const watch = liveness(ttlMs, me);
    for (let look = 0; look <= 8; look++) watch.observe(seen(`mine-${look}`, "same"), look * 10_000);
    expect(watch.of(other).kind).toBe("silent");
    for (let look = 9; look <= 10; look++) watch.observe(seen(`mine-${look}`, "same"), look * 10_000);
    expect(watch.of(other).kind).toBe("expired");
  });

  it("is there when its beat changes", () => {
    const watch = liveness(ttlMs, me);
    for (let look = 0; look <= 20; look++) watch.observe(seen(`mine-${look}`, `${look >> 2}`), look * 10_000);
    expect(watch.of(other).kind).toBe("seen");
  });

  it("is there when a beat changes that only a newer launch can read, and gone when that stays as it is", () => {
    const look = (watch: ReturnType<typeof liveness>, at: number, theirs: string): void => {
      const { run } = queuedDocument("run-a", {}, { lease: leaseOf("box-2") });
      const entry = { queue: "gpu", key: "k", place: "leased", version: "v", run, cancelRequested: false } as const;
      const agents = [{ beat: beatOf(me.agent, me.incarnation), version: `mine-${at}` }];
      const unreadableBeats = new Map([["box-2", { version: theirs, why: "" }]]);
      watch.observe({ entries: [entry], unreadable: [], agents, unreadableBeats, paused: [] }, at * 10_000);
    };
    const [beating, still] = [liveness(ttlMs, me), liveness(ttlMs, me)];
    for (let at = 0; at <= 20; at++) look(beating, at, `${at >> 2}`);
    for (let at = 0; at <= 20; at++) look(still, at, "same");
    expect(beating.of(leaseOf("box-2")).kind).not.toBe("expired");
    expect(still.of(leaseOf("box-2")).kind).toBe("expired");
  });

  it("loses no time while nobody looked", () => {
    const watch = liveness(ttlMs, me);
    watch.observe(seen("a", "same"), 0);
    watch.observe(seen("b", "same"), 3_600_000);
    expect(watch.of(other).kind).toBe("silent");
  });

  it("loses no time while the store takes no beats, ours neither", () => {
    const watch = liveness(ttlMs, me);
    for (let look = 0; look <= 100; look++) watch.observe(seen("same", "same"), look * 10_000);
    expect(watch.of(other).kind).toBe("silent");
    watch.observe(seen("again", "same"), 1_010_000);
    expect(watch.of(other).kind).toBe("silent");
    watch.observe(seen("again", "again"), 1_020_000);
    expect(watch.of(other).kind).toBe("seen");
  });
});
