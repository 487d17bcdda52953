import { describe, expect, it } from "vitest";
import { type BuildInputs, inputHash, inputTag } from "../../../src/builders/input-hash.ts";

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const inputs: BuildInputs = {
  content: "a".repeat(64),
  dockerfile: null,
  text: "FROM a\n",
  bases: [{ reference: "a", digest: digest("1") }],
  platform: "linux/amd64",
  buildArguments: { A: "1", B: "2" },
  secrets: ["X", "Y"],
  fileTimes: "build",
  mediaTypes: "docker",
};

describe("the hash of a build's inputs", () => {
  it("is the same for the same inputs in another order, and names the image's tag", () => {
    const reordered = { ...inputs, buildArguments: { B: "2", A: "1" }, secrets: ["Y", "X"] };
    expect(inputHash(reordered)).toBe(inputHash(inputs));
    expect(inputHash(inputs)).toMatch(/^[0-9a-f]{64}$/);
    expect(inputTag(inputHash(inputs))).toBe(`launch-${inputHash(inputs).slice(0, 32)}`);
  });

  it.each<[string, Partial<BuildInputs>]>([
    ["context's content", { content: "b".repeat(64) }],
    ["Dockerfile's path", { dockerfile: "Dockerfile" }],
    ["Dockerfile's text", { text: "FROM a \n" }],
    ["base image's digest", { bases: [{ reference: "a", digest: digest("2") }] }],
    ["platform", { platform: "linux/arm64" }],
    ["build arguments", { buildArguments: { A: "1", B: "3" } }],
    ["secrets' names", { secrets: ["X"] }],
    ["builder's file times", { fileTimes: "commit" }],
    ["manifest's media types", { mediaTypes: "oci" }],
  ])("is another when the %s is", (_, change) => {
    expect(inputHash({ ...inputs, ...change })).not.toBe(inputHash(inputs));
  });
});
