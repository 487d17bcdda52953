import { expect, test } from "vitest";
import { runEnvironment } from "../../../src/launch/run-environment.ts";

const request = {
  runId: "digits-1",
  attempt: 1,
  name: "digits",
  project: "demo",
  entity: "org",
  author: undefined,
  commit: "a".repeat(40),
  image: undefined,
  runConfig: { lr: 0.1 },
  files: {},
  env: {},
};

test("a run finds the names that W&B Launch sets, and ours", () => {
  const environment = runEnvironment(request);
  expect(environment).toMatchObject({
    WANDB_LAUNCH: "True",
    WANDB_RUN_ID: "digits-1",
    WANDB_CONFIG: '{"lr":0.1}',
    LAUNCH_CONFIG: '{"lr":0.1}',
    LAUNCH_RUN_ID: "digits-1",
    LAUNCH_ATTEMPT: "1",
    LAUNCH_COMMIT: "a".repeat(40),
  });
  expect(environment).not.toHaveProperty("LAUNCH_IMAGE");
});

test("a long config is cut as W&B's SDK joins it, without losing a character", () => {
  const runConfig = { text: "x".repeat(70_000) };
  const environment = runEnvironment({ ...request, runConfig });
  expect(environment).not.toHaveProperty("WANDB_CONFIG");
  const joined = [0, 1, 2].map((i) => environment[`WANDB_CONFIG_${i}`]).join("");
  expect(JSON.parse(joined)).toEqual(runConfig);
});

test("the spec may override WANDB_ names and not LAUNCH_ ones", () => {
  expect(runEnvironment({ ...request, env: { WANDB_PROJECT: "mine" } })["WANDB_PROJECT"]).toBe("mine");
  expect(() => runEnvironment({ ...request, env: { LAUNCH_RUN_ID: "x" } })).toThrow(/LAUNCH_RUN_ID.*choose others/);
});

test("a config that no environment variable holds is refused with its size", () => {
  expect(() => runEnvironment({ ...request, runConfig: { text: "x".repeat(200_000) } })).toThrow(/200011 characters/);
});
