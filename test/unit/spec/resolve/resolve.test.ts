import { describe, expect, it } from "vitest";
import { environmentOverlays } from "../../../../src/spec/config/environment.ts";
import { explain } from "../../../../src/spec/resolve/explain.ts";
import { faultsOf, flag, resolvedOf } from "../../../support/launch/spec.ts";

describe("the defaults", () => {
  it("make a spec of nothing", async () => {
    const { spec, config } = await resolvedOf({});
    expect(spec).toEqual({
      uri: ".",
      name: "digits",
      project: "digits",
      entity: "octocat",
      git: {},
      docker: { user_id: 1000 },
      overrides: {},
      resource: "local-container",
      resource_args: { "local-container": {} },
      builder: {},
      template_variables: {},
      env: {},
      secrets: {},
      slots: {},
      outputs: [],
    });
    expect(config).toEqual({
      secrets: {},
      slots: {},
      lease: {},
      profiles: {},
      allow: { mounts: [], patches_in_public: false, build_network: true, local_process: "refused" },
    });
  });

  it("are the same with an empty launch config", async () => {
    expect((await resolvedOf({ config: "# nothing\n" })).config).toEqual((await resolvedOf({})).config);
  });

  it.each([
    ["uri: examples/sklearn/", "sklearn"],
    ["uri: https://git.example/team/Train_It.git", "train-it"],
    ["uri: git@git.example:team/train.git", "train"],
    ["docker: {docker_image: 'registry.example:5000/team/eval:1.2'}", "eval"],
    ["uri: .", "digits"],
  ])("name a run of %j", async (spec, name) => {
    expect((await resolvedOf({ spec })).spec.name).toBe(name);
  });

  it("leave the source to an image or to git.repo where one is given", async () => {
    expect((await resolvedOf({ spec: "image_uri: busybox" })).spec).not.toHaveProperty("uri");
    expect((await resolvedOf({ spec: "git: {repo: 'https://git.example/a/b'}" })).spec).not.toHaveProperty("uri");
  });

  it("of a resource's arguments apply also where none are written", async () => {
    const { spec } = await resolvedOf({ spec: "resource: local-process" });
    expect(spec.resource_args["local-process"]).toEqual({ venv: false });
  });
});

describe("W&B's other names and shorter shapes", () => {
  it("mean the same fields", async () => {
    const { spec } = await resolvedOf({
      spec: `
image_uri: team/train:1
resource: local
resource_args:
  local:
    cpus: 2
    builder: { base_image: "python:3.11", cuda: { base_image: "cuda:12" } }
`,
    });
    expect(spec.docker.docker_image).toBe("team/train:1");
    expect(spec.resource).toBe("local-container");
    expect(spec.resource_args).toEqual({ "local-container": { cpus: 2 } });
    expect(spec.builder).toEqual({ base_image: "python:3.11", accelerator: { base_image: "cuda:12" } });
    expect((await resolvedOf({ spec: "git_version: v1" })).spec.git).toEqual({ version: "v1" });
    expect(
      (await resolvedOf({ spec: "resource: gcp-vertex\nresource_args: {gcp-vertex: {a: 1}}" })).spec.resource_args,
    ).toEqual({ vertex: { a: 1 } });
  });

  it("keep a number as it was written where text is meant", async () => {
    const { spec } = await resolvedOf({
      spec: "overrides: {args: {lr: 1e-4, version: 1.10, fast: true, name: x}}\nenv: {V: 3.10, ON: true}",
    });
    expect(spec.overrides.args).toEqual(["--lr=1e-4", "--version=1.10", "--fast=true", "--name=x"]);
    expect(spec.env).toEqual({ V: "3.10", ON: "true" });
  });

  it.each([
    ["overrides: {entry_point: \"train.py --name 'a b'\"}", ["python3", "train.py", "--name", "a b"]],
    ["overrides: {entry_point: [python, -m, train]}", ["python", "-m", "train"]],
  ])("make words of the entry point in %j", async (spec, words) => {
    expect((await resolvedOf({ spec })).spec.overrides.entry_point).toEqual(words);
  });

  it.each([
    ["timeout: 90", { timeout: 90_000 }],
    ["timeout: 2h30m", { timeout: 9_000_000 }],
    ["secrets: [TOKEN]", { secrets: { TOKEN: "TOKEN" } }],
    ["secrets: {TOKEN: my-token}", { secrets: { TOKEN: "my-token" } }],
    ["queue: gpu\npriority: critical", { priority: 0 }],
    ["queue: gpu\npriority: 3", { priority: 3 }],
    [
      "queue: q\nretry: {max_attempts: 2, on: [lost], backoff: 1 min}",
      { retry: { max_attempts: 2, on: ["lost"], backoff: 60_000 } },
    ],
  ])("are read from %j", async (spec, expected) => {
    expect((await resolvedOf({ spec })).spec).toMatchObject(expected);
  });
});

describe("the layers of a spec", () => {
  const config = "entity: config-entity\nproject: config-project\n";
  const spec =
    "entity: spec-entity\nname: spec-name\noverrides:\n  run_config: {lr: 1, optimizer: {name: sgd, beta: 0.9}}\n  args: [--a]\n";

  it("stand in the order defaults, config, spec, environment, flags", async () => {
    const environment = environmentOverlays({ WANDB_NAME: "env-name", WANDB_PROJECT: "env-project", WANDB_ENTITY: "" });
    const resolved = await resolvedOf({
      config,
      spec,
      overlays: [...environment, flag("--name", "name", "flag-name")],
    });
    expect(resolved.spec).toMatchObject({ name: "flag-name", project: "env-project", entity: "spec-entity" });
    expect((await resolvedOf({ config })).spec).toMatchObject({ entity: "config-entity", project: "config-project" });
  });

  it("merge mappings key by key and replace everything else", async () => {
    const overlays = [
      flag("--set", "overrides.run_config.optimizer.beta", 0.5),
      flag("input args", "overrides.args", ["--b"]),
    ];
    const { overrides } = (await resolvedOf({ spec, overlays })).spec;
    expect(overrides).toEqual({ run_config: { lr: 1, optimizer: { name: "sgd", beta: 0.5 } }, args: ["--b"] });
  });

  it("add to a list what is given to be added, whatever shape it was written in", async () => {
    const overlays = [flag("-a", "overrides.args", ["--b", "1"], { append: true })];
    expect((await resolvedOf({ spec, overlays })).spec.overrides.args).toEqual(["--a", "--b", "1"]);
    expect((await resolvedOf({ spec: "overrides: {args: {lr: 1}}", overlays })).spec.overrides.args).toEqual([
      "--lr=1",
      "--b",
      "1",
    ]);
    expect((await resolvedOf({ overlays })).spec.overrides.args).toEqual(["--b", "1"]);
  });

  it("must agree within themselves", async () => {
    const overlays = [
      flag("input resource", "resource", "local-process"),
      flag("--resource", "resource", "local-container"),
    ];
    expect(await faultsOf({ overlays })).toEqual([
      '--resource resource contradicts input resource: "local-process" there, "local-container" here; keep one',
    ]);
    expect(await faultsOf({ overlays: [flag("input name", "name", "a"), flag("--name", "name", "a")] })).toEqual([]);
    expect(await faultsOf({ spec: "image_uri: a\ndocker: {docker_image: b}" })).toEqual([
      'launch.yaml:1:12 image_uri contradicts docker.docker_image at launch.yaml:2:24: "b" there, "a" here; keep one',
    ]);
  });

  it("are told by --explain for each value", async () => {
    const resolved = await resolvedOf({
      config: "project: p\nbuilder: {type: noop}\n",
      spec: "git_version: main\noverrides: {args: [x]}\nresource_args: {local-container: {builder: {base_image: python}}}\n",
      overlays: [flag("-a", "overrides.args", ["y"], { append: true }), flag("--timeout", "timeout", "1 h")],
    });
    expect(explain(resolved)).toEqual([
      { path: "uri", value: ".", origin: "default" },
      { path: "name", value: "digits", origin: "default" },
      { path: "project", value: "p", origin: "launch-config.yaml:1:10" },
      { path: "entity", value: "octocat", origin: "default" },
      { path: "git.version", value: "main", origin: "launch.yaml:1:14" },
      { path: "docker.user_id", value: 1000, origin: "default" },
      { path: "overrides.args", value: ["x", "y"], origin: "launch.yaml:2:19, -a" },
      { path: "resource", value: "local-container", origin: "default" },
      { path: "resource_args.local-container.builder.base_image", value: "python", origin: "launch.yaml:3:57" },
      { path: "timeout", value: "1 h", origin: "--timeout" },
      { path: "launch-config.project", value: "p", origin: "launch-config.yaml:1:10" },
      { path: "launch-config.builder.type", value: "noop", origin: "launch-config.yaml:2:17" },
      { path: "launch-config.allow.build_network", value: true, origin: "default" },
      { path: "launch-config.allow.patches_in_public", value: false, origin: "default" },
      { path: "launch-config.allow.local_process", value: "refused", origin: "default" },
    ]);
  });
});
