import fc from "fast-check";
import { expect, test } from "vitest";
import {
  effectivePriority,
  type QueueOrder,
  rank,
  type RankRequest,
  type WaitingRun,
} from "../../../src/queues/order.ts";

const plain: QueueOrder = { mode: "priority", ageingMs: undefined };

function waiting(runId: string, change: Partial<WaitingRun> = {}): WaitingRun {
  return {
    runId,
    priority: 2,
    enqueuedAt: 0,
    notBefore: undefined,
    slots: {},
    submitter: "ada",
    timeoutMs: undefined,
    ...change,
  };
}

function ranked(request: Partial<RankRequest>) {
  return rank({
    waiting: [],
    running: [],
    order: plain,
    limits: { running: undefined, runningPerSubmitter: undefined },
    paused: false,
    now: 1_000,
    agent: undefined,
    ...request,
  });
}

const startable = (request: Partial<RankRequest>): readonly string[] =>
  ranked(request).flatMap(({ run, waitsFor }) => (waitsFor === undefined ? [run.runId] : []));

test("priority first, then who came first, then the name", () => {
  const runs = [
    waiting("low", { priority: 3, enqueuedAt: 1 }),
    waiting("second", { enqueuedAt: 5 }),
    waiting("b", { enqueuedAt: 4 }),
    waiting("a", { enqueuedAt: 4 }),
    waiting("critical", { priority: 0, enqueuedAt: 9 }),
  ];
  expect(startable({ waiting: runs })).toEqual(["critical", "a", "b", "second", "low"]);
  expect(startable({ waiting: runs, order: { mode: "fifo", ageingMs: undefined } })).toEqual([
    "low",
    "a",
    "b",
    "second",
    "critical",
  ]);
});

test("a run that can't start now doesn't stop the next, and says what it waits for", () => {
  const result = ranked({
    waiting: [
      waiting("later", { notBefore: 5_000 }),
      waiting("big", { slots: { gpu: 4 }, enqueuedAt: 1 }),
      waiting("small", { slots: { gpu: 1 }, enqueuedAt: 2 }),
      waiting("none", { enqueuedAt: 3 }),
    ],
    agent: { total: { gpu: 4 }, free: { gpu: 1 }, places: 5, timeLeftMs: undefined },
  });
  expect(result.map(({ waitsFor }) => waitsFor)).toEqual([
    { kind: "time", until: 5_000 },
    { kind: "slots", slot: "gpu", wanted: 4, free: 1, total: 4 },
    undefined,
    undefined,
  ]);
});

test("slots that a run ahead will take are not given twice", () => {
  const agent = { total: { gpu: 2 }, free: { gpu: 2 }, places: 5, timeLeftMs: undefined };
  const runs = ["a", "b", "c"].map((runId, i) => waiting(runId, { slots: { gpu: 1 }, enqueuedAt: i }));
  expect(startable({ waiting: runs, agent })).toEqual(["a", "b"]);
});

test("limits count what runs and what will start before", () => {
  const runs = [
    waiting("ada-1", { submitter: "ada", enqueuedAt: 1 }),
    waiting("ada-2", { submitter: "ada", enqueuedAt: 2 }),
    waiting("bob-1", { submitter: "bob", enqueuedAt: 3 }),
  ];
  expect(startable({ waiting: runs, limits: { running: undefined, runningPerSubmitter: 1 } })).toEqual([
    "ada-1",
    "bob-1",
  ]);
  const running = [{ runId: "x", submitter: "eve" }];
  expect(startable({ waiting: runs, running, limits: { running: 2, runningPerSubmitter: undefined } })).toEqual([
    "ada-1",
  ]);
});

test("an agent with little time left takes only what fits", () => {
  const agent = { total: {}, free: {}, places: 5, timeLeftMs: 60_000 };
  const runs = [waiting("endless"), waiting("long", { timeoutMs: 90_000 }), waiting("short", { timeoutMs: 30_000 })];
  expect(startable({ waiting: runs, agent })).toEqual(["short"]);
});

test("a paused queue starts nothing", () => {
  expect(startable({ waiting: [waiting("a")], paused: true })).toEqual([]);
});

test("with ageing a low run gains a level for each period, and never passes critical by more than its time", () => {
  const order: QueueOrder = { mode: "priority", ageingMs: 1_000 };
  const low = waiting("low", { priority: 3, enqueuedAt: 0 });
  expect([0, 999, 1_000, 2_500, 9_000].map((now) => effectivePriority(low, order, now))).toEqual([3, 3, 2, 1, 0]);
});

const anyRun = fc.record({
  runId: fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
  priority: fc.integer({ min: 0, max: 3 }),
  enqueuedAt: fc.integer({ min: 0, max: 1_000_000 }),
  notBefore: fc.option(fc.integer({ min: 0, max: 2_000_000 }), { nil: undefined }),
  slots: fc.dictionary(fc.constantFrom("gpu", "disk"), fc.integer({ min: 1, max: 4 })),
  submitter: fc.constantFrom("ada", "bob", "eve"),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
});
const runs = fc.uniqueArray(anyRun, { selector: (run) => run.runId, maxLength: 30 });
const orders = fc.record({
  mode: fc.constantFrom<"priority" | "fifo">("priority", "fifo"),
  ageingMs: fc.option(fc.integer({ min: 1, max: 500_000 }), { nil: undefined }),
});

test("the ranking is a permutation, and the same whatever order the snapshot came in", () => {
  fc.assert(
    fc.property(runs, orders, fc.integer({ min: 0, max: 2_000_000 }), (list, order, now) => {
      const forward = ranked({ waiting: list, order, now }).map(({ run }) => run.runId);
      const backward = ranked({ waiting: [...list].reverse(), order, now }).map(({ run }) => run.runId);
      expect(forward).toEqual(backward);
      expect([...forward].sort()).toEqual(list.map((run) => run.runId).sort());
    }),
    { seed: 42 },
  );
});

test("what starts never takes more slots, places or limits than there are, and only what can't start waits", () => {
  fc.assert(
    fc.property(
      runs,
      fc.record({ gpu: fc.nat({ max: 6 }), disk: fc.nat({ max: 6 }) }),
      fc.nat({ max: 8 }),
      fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
      (list, free, places, limit) => {
        const agent = { total: { gpu: 6, disk: 6 }, free, places, timeLeftMs: undefined };
        const limits = { running: limit, runningPerSubmitter: undefined };
        const result = ranked({ waiting: list, agent, limits, now: 500_000 });
        const starts = result.filter(({ waitsFor }) => waitsFor === undefined).map(({ run }) => run);
        for (const slot of ["gpu", "disk"] as const) {
          const taken = starts.reduce((sum, run) => sum + (run.slots[slot] ?? 0), 0);
          expect(taken).toBeLessThanOrEqual(free[slot]);
          for (const { waitsFor } of result) {
            if (waitsFor?.kind === "slots" && waitsFor.slot === slot)
              expect(waitsFor.wanted).toBeGreaterThan(waitsFor.free);
          }
        }
        expect(starts.length).toBeLessThanOrEqual(Math.min(places, limit ?? Infinity));
        expect(starts.every((run) => (run.notBefore ?? 0) <= 500_000)).toBe(true);
      },
    ),
    { seed: 7 },
  );
});
