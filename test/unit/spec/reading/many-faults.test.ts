import { describe, expect, it } from "vitest";
import { renderFaults } from "../../../../src/spec/reading/render-faults.ts";
import { resolveWritten, type Written } from "../../../support/launch/spec.ts";

const many = 50_000;
const lines = (line: (index: number) => string): string => Array.from({ length: many }, (_, i) => line(i)).join("\n");

/* None of these ends in time, here or at its reader's, where the work or the words grow with the square of what was written. */
describe("a document with more faults than anybody reads", () => {
  it.each<[string, Written]>([
    ["unknown keys", { spec: `uri: .\n${lines((i) => `key${i}: ${i}`)}` }],
    [
      "unknown keys on one line",
      { spec: `{"uri": ".", ${lines((i) => `"key${i}": 1,`).replaceAll("\n", " ")} "k": 1}` },
    ],
    ["wrong values", { spec: `env:\n${lines((i) => `  key${i}: [1]`)}` }],
    ["a key again and again", { spec: lines(() => "env: 1") }],
    [
      "unknown macros",
      { spec: `resource_args: {local-container: {volume: [${lines((i) => `"\${x${i}}",`).replaceAll("\n", "")}]}}` },
    ],
    ["unknown keys of a config", { config: lines((i) => `key${i}: ${i}`) }],
    ["unknown keys of a builder without a type", { config: `builder:\n${lines((i) => `  key${i}: ${i}`)}` }],
    ["wrong secrets", { config: `secrets:\n${lines((i) => `  K${i}: {f: a}`)}` }],
  ])("is told in few lines: %s", { timeout: 60_000 }, async (_, written) => {
    const resolution = await resolveWritten(written);
    if (resolution.kind === "resolved") throw new Error("it has faults");
    const { faults } = resolution;
    expect(faults.length).toBeGreaterThanOrEqual(many - 1);
    const [name, text] =
      written.spec === undefined ? ["launch-config.yaml", written.config] : ["launch.yaml", written.spec];
    const shown = renderFaults({ faults, documents: [{ name, text: text ?? "" }] });
    expect(shown.length).toBeLessThan(200);
    expect(shown.join("\n").length).toBeLessThan(40_000);
    expect(shown).toContain(`… and ${faults.length - 50} more`);
    expect(shown.at(-1)).toContain(`${faults.length} faults in ${name}`);
  });

  it("shows no more of a key than fits on a screen", async () => {
    const text = `{"${"k".repeat(900_000)}": 1}`;
    const resolution = await resolveWritten({ spec: text });
    if (resolution.kind === "resolved") throw new Error("it has a fault");
    const shown = renderFaults({ faults: resolution.faults, documents: [{ name: "launch.yaml", text }] });
    expect(shown.join("\n").length).toBeLessThan(3_000);
  });
});
