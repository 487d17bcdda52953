import { expect, test } from "vitest";
import { ownFirst } from "../../../../src/agent/taking/own-share.ts";

const runs = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, index) => `run-${from + index}`);
const agents = 16;
const firstOf = (items: readonly string[], rank: number): string | undefined =>
  ownFirst(items, (id) => id, { rank, agents })[0];

test("one agent takes runs in their order", () => {
  expect(ownFirst(runs(0, 9), (id) => id, { rank: 0, agents: 1 })).toEqual(runs(0, 9));
});

test("every agent has all runs, and those far behind in their order", () => {
  const items = runs(0, 200);
  for (let rank = 0; rank < agents; rank++) {
    const shared = ownFirst(items, (id) => id, { rank, agents });
    expect(shared.toSorted()).toEqual(items.toSorted());
    expect(shared.slice(48)).toEqual(items.slice(48));
  }
});

test("agents seldom begin with the same run, also when their lists are of different moments", () => {
  for (let start = 0; start < 100; start++) {
    const firsts = Array.from({ length: agents }, (_, rank) => firstOf(runs(start + (rank % 5), 300), rank));
    expect(new Set(firsts).size).toBeGreaterThanOrEqual(agents - 4);
  }
});
