import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { outputNames } from "../../src/action/protocol.ts";
import { actionInputs } from "../../src/submit/settings/tables.ts";

const described = z.record(z.string(), z.object({ description: z.string().min(1), default: z.string().optional() }));
const manifestSchema = z.object({
  name: z.string(),
  description: z.string(),
  inputs: described,
  outputs: described,
  runs: z.object({ using: z.string(), main: z.string(), post: z.string() }),
});

const inputNames = actionInputs.map(({ input }) => input);
const root = join(import.meta.dirname, "../..");
const manifest = manifestSchema.parse(parse(readFileSync(join(root, "action.yml"), "utf8")));

test("the inputs of action.yml are those that the action reads, in the same order", () => {
  expect(Object.keys(manifest.inputs)).toEqual(inputNames);
});

test("the outputs of action.yml are those that the action sets", () => {
  expect(Object.keys(manifest.outputs)).toEqual([...outputNames]);
});

test("an expression stands in the default of an input alone: GitHub refuses the action for one anywhere else", () => {
  const withExpression = Object.entries(manifest.inputs).filter(([, input]) => input.default?.includes("${{") === true);
  expect(withExpression.map(([name]) => name)).toEqual(["token", "leg"]);
  expect(readFileSync(join(root, "action.yml"), "utf8").match(/\$\{\{/g)).toHaveLength(withExpression.length);
});

test("main and post are files that every Node can read", () => {
  expect(manifest.runs.using).toBe("node24");
  for (const file of [manifest.runs.main, manifest.runs.post]) {
    expect(readFileSync(join(root, file), "utf8")).toContain("process.versions.node");
  }
});

test("the example workflow of an agent gives inputs that there are", () => {
  const text = readFileSync(join(root, "examples/agent-workflow.yml"), "utf8");
  const steps = z.array(z.looseObject({ uses: z.string(), with: z.record(z.string(), z.unknown()).optional() }));
  const workflow = z.looseObject({ jobs: z.object({ agent: z.looseObject({ steps }) }) }).parse(parse(text));
  const given = workflow.jobs.agent.steps.find(({ uses }) => uses.startsWith("org/launch-action@"))?.with ?? {};
  expect(given["command"]).toBe("agent");
  expect(Object.keys(given).filter((name) => !inputNames.includes(name))).toEqual([]);
});
