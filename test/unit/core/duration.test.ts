import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../src/core/duration.ts";

test.each([
  ["90", 90_000],
  ["90s", 90_000],
  ["15 min", 900_000],
  ["2h30m", 9_000_000],
  ["1d", 86_400_000],
  ["0.5 h", 1_800_000],
])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(["", "h", "5 parsecs", "-3s", "1h x"])("%j is no duration", (text) =>
  expect(parseDuration(text)).toBeUndefined(),
);

test.each([
  [180, "0.2 s"],
  [9_949, "9.9 s"],
  [41_000, "41 s"],
  [59_700, "1 min"],
  [72_000, "1 min 12 s"],
  [2_280_000, "38 min"],
  [11_100_000, "3 h 5 min"],
  [3_599_900, "1 h"],
  [260_000_000, "3 d"],
])("%d ms is shown as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));
