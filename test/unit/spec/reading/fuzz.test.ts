import { describe, expect, it } from "vitest";
import { renderFaults } from "../../../../src/spec/reading/render-faults.ts";
import { resolveWritten } from "../../../support/launch/spec.ts";

/** mulberry32: the same texts in every run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const seed = `uri: .
image_uri: team/train:1
overrides: {entry_point: "train.py 'a'", args: {lr: 1e-3}, run_config: &c {a: [1, *c]}}
resource: local
resource_args:
  local: {cpus: 2, builder: {cuda: {base_image: x}}}
  vertex: {a: "\${run_id}"}
env: {A: 1}
secrets: [B]
timeout: 2h
retry: {max_attempts: 2}
allow: {mounts: [{path: /a}]}
builder: {type: docker, destination: a}
registry: {type: ecr, uri: 1.dkr.ecr.x.amazonaws.com/r}
`;
const pieces = [
  ": ",
  "- ",
  "\n",
  "  ",
  "{",
  "}",
  "[",
  "]",
  "&a ",
  "*a",
  "!!int ",
  "'",
  '"',
  "#",
  "|\n",
  ">",
  "? ",
  "<<: ",
  "null",
  "1e999",
  "0x",
  "~",
  "\t",
  "\u0000",
  "é",
  "\ud800",
  "__proto__",
  "constructor",
  "${",
  "---\n",
  "%YAML 1.2\n",
  "toString: 1\n",
];

describe("whatever is written", () => {
  it("ends in a resolution or in faults that can be shown, never in an exception", async () => {
    const random = randomOf(20_260_101);
    for (let round = 0; round < 600; round++) {
      let text = seed;
      for (let edits = random(6) + 1; edits > 0; edits--) {
        const at = random(text.length + 1);
        const piece = pieces[random(pieces.length)] ?? "";
        text = text.slice(0, at) + (random(3) === 0 ? "" : piece) + text.slice(at + random(12));
      }
      const written = round % 2 === 0 ? { spec: text } : { config: text };
      const resolution = await resolveWritten(written);
      if (resolution.kind === "resolved") continue;
      expect(resolution.faults.length).toBeGreaterThan(0);
      const name = "spec" in written ? "launch.yaml" : "launch-config.yaml";
      for (const line of renderFaults({ faults: resolution.faults, documents: [{ name, text }] })) {
        expect(line).not.toMatch(/\p{Cc}|undefined|\[object/u);
      }
    }
  });
});
