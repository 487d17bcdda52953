import { expect, test } from "vitest";
import { specsOf } from "../../../src/action/specs.ts";

test.each([
  ["train.yaml", ["train.yaml"]],
  ["a.yaml, b.yaml", ["a.yaml", "b.yaml"]],
  ["a.yaml\n  sweeps/b.json\n\n", ["a.yaml", "sweeps/b.json"]],
  ["a.yaml\nhttps://github.com/team/train.git", ["a.yaml", "https://github.com/team/train.git"]],
])("%j names these specs", (given, specs) => {
  expect(specsOf(given)).toEqual(specs);
});

test.each(["name: a\nresource: local-process", '{"name": "a", "uri": "."}', "name:\n  train\n", "https://host/a.git"])(
  "%j is one, as it is written",
  (given) => {
    expect(specsOf(given)).toEqual([given]);
  },
);
