import { expect, test } from "vitest";
import { variantsOf } from "../../../src/submit/each.ts";

const valuesOf = (...texts: readonly string[]): readonly unknown[] =>
  variantsOf(texts, "--each").map(({ overlays }) =>
    overlays.map(({ path, value }) => [path.slice(2).join("."), value]),
  );

test("several multiply, the last one fastest", () => {
  expect(valuesOf("lr=0.1,0.01", "opt.name=sgd,adam")).toEqual([
    [
      ["lr", 0.1],
      ["opt.name", "sgd"],
    ],
    [
      ["lr", 0.1],
      ["opt.name", "adam"],
    ],
    [
      ["lr", 0.01],
      ["opt.name", "sgd"],
    ],
    [
      ["lr", 0.01],
      ["opt.name", "adam"],
    ],
  ]);
  expect(valuesOf()).toEqual([[]]);
});

test("a comma inside brackets or quotes belongs to its value", () => {
  expect(valuesOf('layers=[64,64],[128],"a,b"')).toEqual([
    [["layers", [64, 64]]],
    [["layers", [128]]],
    [["layers", "a,b"]],
  ]);
});

test.each([
  [["lr"], "give NAME=VALUE,VALUE"],
  [["lr=1,,2"], '"lr=1,,2": value 2 of 3 is empty'],
  [["lr=1,2,"], "value 3 of 3 is empty"],
  [["layers=[1],[2"], "value 2 of 2 ([2) has a bracket or a quote without its other half"],
  [["layers=1],2"], "value 1 of 2 (1]) has a bracket"],
  [['name="a'], "value 1 of 1"],
  [["lr=0.1,1,0.1"], "value 3 of 3 is the same as value 1 (0.1)"],
  [["lr=1", "lr=2"], '"lr" is there twice'],
])("%j is a mistake", (texts, words) => {
  expect(() => variantsOf(texts, "--each")).toThrow(words);
});

test("a value is a number, a boolean or null where it is written as one, else a text", () => {
  expect(valuesOf("x=1e-3,-5,true,null,007,abc")).toEqual(
    [0.001, -5, true, null, "007", "abc"].map((value) => [["x", value]]),
  );
});
