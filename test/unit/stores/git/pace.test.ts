import { describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../../src/core/clock.ts";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { createPace, noPace, pollInterval, sharing } from "../../../../src/stores/git/repository/pace.ts";
import { beatOf } from "../../../support/agent/agent-beat.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";

/** A clock that stands still but for sleeping; each sleep is told apart by its end. */
function standingClock(): Clock & { pass(ms: number): void; readonly sleeps: number[] } {
  let time = 1_000_000;
  const sleeps: number[] = [];
  return {
    now: () => new Date(time),
    monotonicMs: () => time,
    sleep: (ms, signal) => {
      sleeps.push(ms);
      return signal.aborted ? Promise.reject(new Error("aborted")) : Promise.resolve();
    },
    pass: (ms) => {
      time += ms;
    },
    sleeps,
  };
}

const signal = new AbortController().signal;

it.each([
  ["git+https://git.example/team/train.git", 60_000],
  ["git+ssh://git@git.example/team/train.git", 60_000],
  ["git+http://127.0.0.1:1/train.git", 0],
  ["git+file:///nowhere/store.git", 0],
])("%s wants beats no more often than every %d ms", async (url, leastMs) => {
  const stateDirectory = stateDirectoryAt("/nowhere");
  const store = await openStore(parseStoreUrl(url), { log: silentLog, stateDirectory });
  expect(store.capabilities.leastHeartbeatMs).toBe(leastMs);
});

describe("the pace of pushes", () => {
  it("is shared by the agents that have been heard of, and not by those whose beats nobody takes away", () => {
    const beat = { ...beatOf("box-1", "a"), at: "2026-11-23T10:00:00.000Z" };
    const ttlMs = beat.lease.ttl_ms;
    const agents = [0, 1, 2, 4, 100].map((leases) => ({
      beat: { ...beat, at: new Date(Date.parse(beat.at) - leases * ttlMs).toISOString() },
      version: `${leases}`,
    }));
    const named = agents.map((seen, index) => ({ ...seen, beat: { ...seen.beat, agent: `box-${index}` } }));
    expect(sharing()(named, { wallMs: Date.parse(beat.at), atMs: 0 })).toBe(3);
  });

  it("is not shared by beats of the future that never change, nor by more than a few that were not seen to", () => {
    const now = Date.parse("2026-11-23T10:00:00.000Z");
    const beatAt = (agent: string, at: string, version: string) => ({ beat: { ...beatOf(agent, "a"), at }, version });
    const forged = Array.from({ length: 500 }, (_, index) =>
      beatAt(`forged-${index}`, "9999-01-01T00:00:00.000Z", "1"),
    );
    const { ttl_ms: ttlMs } = beatOf("box", "a").lease;
    const count = sharing();
    const live = (version: string, ms: number) =>
      Array.from({ length: 30 }, (_, index) => beatAt(`box-${index}`, new Date(now + ms).toISOString(), version));
    expect(count([...forged, ...live("1", 0)], { wallMs: now, atMs: 0 })).toBe(20);
    expect(count([...forged, ...live("2", ttlMs)], { wallMs: now + ttlMs, atMs: ttlMs })).toBe(50);
    const later = 4 * ttlMs;
    expect(count([...forged, ...live("3", later)], { wallMs: now + later, atMs: later })).toBe(30);
  });

  it("lets a minute's six go at once, and one every ten seconds after", async () => {
    const clock = standingClock();
    const pace = createPace(clock);
    for (let push = 0; push < 9; push++) await pace.take(signal);
    expect(clock.sleeps).toEqual([10_000, 20_000, 30_000]);
  });

  it("holds nothing back, also what waits already, once there is no time left", async () => {
    const clock = standingClock();
    const pace = createPace({ ...clock, sleep: (ms, until) => systemClock.sleep(ms, until) });
    for (let push = 0; push < 6; push++) await pace.take(signal);
    const waiting = [pace.take(signal), pace.take(signal)];
    pace.hurry();
    await Promise.all([...waiting, pace.take(signal)]);
    await expect(pace.take(AbortSignal.abort())).rejects.toThrow();
  });

  it("gives back what was not used, and no more than six", async () => {
    const clock = standingClock();
    const pace = createPace(clock);
    for (let push = 0; push < 6; push++) await pace.take(signal);
    clock.pass(10_000);
    await pace.take(signal);
    expect(clock.sleeps).toEqual([]);
    clock.pass(3_600_000);
    for (let push = 0; push < 7; push++) await pace.take(signal);
    expect(clock.sleeps).toEqual([10_000]);
  });

  it("is shared fairly: with three agents each has two a minute", async () => {
    const clock = standingClock();
    const pace = createPace(clock);
    pace.share(3);
    for (let push = 0; push < 4; push++) await pace.take(signal);
    expect(clock.sleeps).toEqual([30_000, 60_000]);
  });

  it("lets an agent push at once however many there are, and then waits its turn", async () => {
    const clock = standingClock();
    const pace = createPace(clock);
    pace.share(60);
    for (let push = 0; push < 2; push++) await pace.take(signal);
    expect(clock.sleeps).toEqual([600_000]);
  });

  it("gives a place back when who had it stops waiting", async () => {
    const clock = standingClock();
    const pace = createPace(clock);
    for (let push = 0; push < 6; push++) await pace.take(signal);
    const stop = new AbortController();
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, waiting) => {
      stop.abort();
      return sleep(ms, waiting);
    };
    await expect(pace.take(stop.signal)).rejects.toThrow();
    clock.sleep = sleep;
    await pace.take(signal);
    expect(clock.sleeps).toEqual([10_000, 10_000]);
  });

  it("is none on this machine", async () => {
    for (let push = 0; push < 1_000; push++) await noPace.take(signal);
  });
});

describe("the pace of polls", () => {
  it("is at most twenty a minute for one agent, and ten a second for all together", () => {
    expect(60_000 / pollInterval(1)).toBeLessThanOrEqual(20);
    for (const agents of [1, 10, 50, 500]) expect((agents * 1_000) / pollInterval(agents)).toBeLessThanOrEqual(10);
  });
});
