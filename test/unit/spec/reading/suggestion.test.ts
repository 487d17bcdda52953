import { describe, expect, it } from "vitest";
import { suggestionFor } from "../../../../src/spec/reading/suggestion.ts";

const candidates = ["overrides", "resource", "resource_args", "queue", "env", "kubernetes", "docker"];

describe("what was probably meant", () => {
  it.each([
    ["overides", "overrides"],
    ["resuorce", "resource"],
    ["Resource", "resource"],
    ["resource-args", "resource_args"],
    ["kubernets", "kubernetes"],
    ["dcoker", "docker"],
    ["evn", "env"],
  ])("by %s is %s", (word, meant) => {
    expect(suggestionFor(word, candidates)).toBe(meant);
  });

  it.each(["sagemaker", "x", "", "y".repeat(5_000)])("by %j is not known", (word) => {
    expect(suggestionFor(word, candidates)).toBeUndefined();
  });
});
