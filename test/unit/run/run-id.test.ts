import { expect, test } from "vitest";
import { newRunId, runIdPattern, slugOf } from "../../../src/run/run-id.ts";

test.each(["digits", "My Run!", "ünï", "", "a".repeat(80), "--x--"])("the run id of %j is a valid name", (name) => {
  const id = newRunId(name, new Date("2026-11-23T10:00:00Z"));
  expect(id).toMatch(runIdPattern);
  expect(id.length).toBeLessThanOrEqual(40);
});

test("run ids of one name sort by time, and their first ten characters after it are the ULID time", () => {
  const first = newRunId("a", new Date(1_000));
  const second = newRunId("a", new Date(2_000_000_000_000));
  expect(first < second).toBe(true);
  // 1,469,918,176,385 ms is 01ARYZ6S41 in the ULID specification's own example.
  expect(newRunId("a", new Date(1_469_918_176_385)).slice(2, 12)).toBe("01aryz6s41");
});

test("a slug has lower-case letters, digits and single dashes", () => {
  expect(slugOf("Train_ResNet  50!")).toBe("train-resnet-50");
  expect(slugOf("Übung München é")).toBe("ubung-munchen-e");
});
