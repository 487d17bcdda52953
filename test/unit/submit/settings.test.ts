import { expect, test } from "vitest";
import { overlaysOf, type ReadSettings } from "../../../src/submit/settings/overlays.ts";
import { failureOf } from "../../support/failure.ts";

const overlays = (settings: ReadSettings): unknown =>
  overlaysOf({
    settings,
    nameOf: (setting) => `--${setting}`,
    environment: { HOME: "/home/ada", EMPTY: "" },
    resourceNames: ["local-process", "local-container"],
  }).map(({ path, value, append }) => [path.join("/"), value, ...(append === true ? ["appended"] : [])]);

test.each([
  ["a.b=1", "overrides/run_config/a/b", 1],
  ["lr=1e-4", "overrides/run_config/lr", 0.0001],
  ["lr=.5", "overrides/run_config/lr", 0.5],
  ["flag=true", "overrides/run_config/flag", true],
  ["list=[1, 2]", "overrides/run_config/list", [1, 2]],
  ['zip="01"', "overrides/run_config/zip", "01"],
  ["zip=01", "overrides/run_config/zip", "01"],
  ["name=a=b", "overrides/run_config/name", "a=b"],
  ["empty=", "overrides/run_config/empty", ""],
  ["file\\.txt=1", "overrides/run_config/file.txt", 1],
])("--set %s is a value of run_config", (text, path, value) => {
  expect(overlays({ set: [text] })).toEqual([[path, value]]);
});

test("settings are values at their paths of the spec", () => {
  expect(
    overlays({
      uri: ".",
      gitVersion: "main",
      dockerImage: "busybox",
      resource: "local-process",
      timeout: "2h",
      args: ["--a", "b c"],
    }),
  ).toEqual([
    ["uri", "."],
    ["git/version", "main"],
    ["docker/docker_image", "busybox"],
    ["resource", "local-process"],
    ["timeout", "2h"],
    ["overrides/args", ["--a", "b c"], "appended"],
  ]);
});

test("a variable without a value has the launcher's own, and a secret is only named", () => {
  expect(overlays({ env: ["A=1=2", "HOME", "EMPTY"], secretVariables: ["TOKEN", "KEY=wandb"] })).toEqual([
    ["env/A", "1=2"],
    ["env/HOME", "/home/ada"],
    ["env/EMPTY", ""],
    ["secrets/TOKEN", "TOKEN"],
    ["secrets/KEY", "wandb"],
  ]);
});

test("arguments of a resource are its own, or a map from resources to theirs", () => {
  expect(overlays({ resource: "local-container", resourceArgs: { cpus: 2 } })).toContainEqual([
    "resource_args/local-container",
    { cpus: 2 },
  ]);
  expect(overlays({ resourceArgs: { "local-process": { venv: true } } })).toEqual([
    ["resource_args", { "local-process": { venv: true } }],
  ]);
});

test("one argument of docker given twice is a list, and without a value it is on", () => {
  expect(overlays({ dockerArgs: ["gpus=all", "ulimit=core=0", "ulimit=nofile=9", "--read-only"] })).toEqual([
    ["resource_args/local-container/gpus", "all"],
    ["resource_args/local-container/ulimit", ["core=0", "nofile=9"]],
    ["resource_args/local-container/read-only", true],
  ]);
});

test.each([
  ["a run_config without a value", { set: ["lr"] }, /--set "lr": give NAME=VALUE/],
  ["a run_config with an empty name", { set: ["a..b=1"] }, /--set "a\.\.b=1": give NAME=VALUE/],
  ["a variable that is not set here", { env: ["NOPE"] }, /--env "NOPE": the variable is not set here; give NOPE=VALUE/],
  ["a secret without a name", { secretVariables: ["A="] }, /--secretVariables "A=": give VARIABLE=NAME/],
  ["arguments of no resource", { resourceArgs: { cpus: 2 } }, /--resourceArgs doesn't say of which resource/],
  ["arguments that are no map", { resource: "x", resourceArgs: [1] }, /--resourceArgs must be a map/],
  ["an argument without a name", { dockerArgs: ["=1"] }, /--dockerArgs "=1": give NAME=VALUE/],
] satisfies [string, ReadSettings, RegExp][])("%s is refused in words", async (_, settings, message) => {
  const error = await failureOf(Promise.resolve().then(() => overlays(settings)));
  expect(error.code).toBe("bad-usage");
  expect(error.message).toMatch(message);
});
