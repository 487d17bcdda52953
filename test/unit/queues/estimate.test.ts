import { expect, test } from "vitest";
import { durationOf, startEstimate } from "../../../src/queues/estimate.ts";

test("the median and the middle half of past durations", () => {
  expect(durationOf([10, 20, 30, 40, 100])).toEqual({ ms: 30, lowMs: 20, highMs: 40, from: 5 });
  expect(durationOf([])).toBeUndefined();
});

test("a run behind others starts when enough places have become free", () => {
  const duration = { ms: 60, lowMs: 50, highMs: 70, from: 9 };
  expect(startEstimate({ ahead: 0, runningForMs: [20], places: 1, duration })?.ms).toBe(40);
  expect(startEstimate({ ahead: 2, runningForMs: [20], places: 1, duration })?.ms).toBe(160);
  expect(startEstimate({ ahead: 1, runningForMs: [20, 50], places: 2, duration })?.ms).toBe(40);
  expect(startEstimate({ ahead: 0, runningForMs: [], places: 1, duration })?.ms).toBe(0);
  expect(startEstimate({ ahead: 1, runningForMs: [100], places: 1, duration })).toEqual({
    ms: 60,
    lowMs: 50,
    highMs: 70,
    from: 9,
  });
});

test("nobody serves the queue, or nothing is known: no estimate", () => {
  const duration = { ms: 60, lowMs: 50, highMs: 70, from: 9 };
  expect(startEstimate({ ahead: 0, runningForMs: [], places: 0, duration })).toBeUndefined();
  expect(startEstimate({ ahead: 0, runningForMs: [], places: 1, duration: undefined })).toBeUndefined();
});
