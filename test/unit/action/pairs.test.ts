import { expect, test } from "vitest";
import { parsePairs } from "../../../src/action/pairs.ts";

test("pairs are NAME=value lines; what is no pair is left out", () => {
  const text = "A=1\n\n# not this\n  B=a=b \r\nC=";
  expect(parsePairs("env", text)).toEqual([
    ["A", "1"],
    ["B", "a=b "],
    ["C", ""],
  ]);
});

test("a value of several lines stands between NAME<<END and END", () => {
  const text = "KEY<<EOF\n-----BEGIN KEY-----\n# in it\nX=1\n-----END KEY-----\nEOF\nB=2";
  expect(parsePairs("secrets", text)).toEqual([
    ["KEY", "-----BEGIN KEY-----\n# in it\nX=1\n-----END KEY-----"],
    ["B", "2"],
  ]);
});

test.each([
  ["no name", "=hunter22"],
  ["no equals sign", "hunter22"],
  ["no end", "KEY<<EOF\nhunter22"],
  ["an end without a word", "KEY<<\nhunter22"],
  ["a name twice", "A=hunter22\nA=other"],
])("a fault with %s is said without the value", (_, text) => {
  expect(() => parsePairs("secrets", text)).toThrow(/input secrets/);
  expect(() => parsePairs("secrets", text)).not.toThrow(/hunter22/);
});
