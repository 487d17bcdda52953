import { describe, expect, it } from "vitest";
import { renderFaults } from "../../../../src/spec/reading/render-faults.ts";
import { faultsOf, flag, resolvedOf, resolveWritten } from "../../../support/launch/spec.ts";

describe("a NUL character, which no program can be given,", () => {
  const where = (spec: string) => spec.indexOf('"');
  it.each([
    ['overrides: {entry_point: [echo, "a\\0b"]}', "overrides.entry_point[1]"],
    ['overrides: {args: ["\\0"]}', "overrides.args[0]"],
    ['overrides: {args: {lr: "1\\0"}}', "overrides.args.lr"],
    ['env: {A: "\\x00"}', "env.A"],
    ['name: "a\\0"', "name"],
    [
      'resource: local-container\nresource_args: {local-container: {hostname: "a\\0"}}',
      "resource_args.local-container.hostname",
    ],
  ])("is a fault where it stands: %s", async (spec, path) => {
    const faults = await faultsOf({ spec });
    const before = spec.slice(0, where(spec)).split("\n");
    const place = `launch.yaml:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    expect(faults.filter((fault) => fault.startsWith(`${place} ${path} `))).toHaveLength(1);
  });

  it("may be in the run's own values, which are handed over as JSON", async () => {
    const { spec } = await resolvedOf({ spec: 'overrides: {run_config: {a: {b: ["\\0"]}}}' });
    expect(spec.overrides.run_config).toEqual({ a: { b: ["\0"] } });
  });
});

describe("a fault in a spec", () => {
  it.each([
    ["resource: kubernets", '1:11 unknown resource "kubernets"; did you mean "kubernetes"?'],
    [
      "resource: slurm",
      '1:11 unknown resource "slurm"; there are kubernetes, local-container, local-process, sagemaker, vertex',
    ],
    ["overides: {}", '1:1 unknown key "overides"; did you mean "overrides"?'],
    ["imageuri: a", '1:1 unknown key "imageuri"; did you mean "image_uri"?'],
    ["git: {repos: a}", '1:7 unknown key "repos" in git; did you mean "repo"?'],
    ["git: {branch: a}", '1:7 unknown key "branch" in git; there are repo, version'],
    ["overrides: {args: 3}", "1:19 overrides.args must be a list of strings, not a number"],
    [
      "overrides: {args: [--lr, 0.1]}",
      '1:26 overrides.args[1] must be a string, not a number; put it in quotes: "0.1"',
    ],
    ["overrides: {args: [true]}", '1:20 overrides.args[0] must be a string, not true; put it in quotes: "true"'],
    ["overrides: {args: {lr: [1]}}", "1:24 overrides.args.lr must be a string, not a list"],
    [
      "overrides: {entry_point: [python, 3]}",
      '1:35 overrides.entry_point[1] must be a string, not a number; put it in quotes: "3"',
    ],
    [
      "overrides: {entry_point: {a: 1}}",
      "1:26 overrides.entry_point must be a list of strings or a string, not a mapping",
    ],
    [
      'overrides: {entry_point: "a \'b"}',
      '1:26 overrides.entry_point must be a command; a quote in it is not closed, or it is empty, not "a \'b"',
    ],
    [
      "overrides: {dockerfile: ../Dockerfile}",
      '1:25 overrides.dockerfile must be a path inside the source, without a leading "/" and "..", not "../Dockerfile"',
    ],
    ["name:", "1:1 name is empty; it must be a string"],
    ["name: 2026", '1:7 name must be a string, not a number; put it in quotes: "2026"'],
    ["run_id: Train_1", '1:9 run_id must be at most 40 lower-case letters, digits and dashes, not "Train_1"'],
    [
      "docker: {docker_image: A B}",
      '1:24 docker.docker_image must be an image such as registry.example/team/train:1.2, not "A B"',
    ],
    ["image_uri: A B", '1:12 image_uri must be an image such as registry.example/team/train:1.2, not "A B"'],
    ["docker: {user_id: -1}", "1:19 docker.user_id must be at least 0, not -1"],
    [
      "resource_args: {local: {builder: {cuda: {base_image: 3}}}}",
      '1:54 resource_args.local.builder.cuda.base_image must be a string, not a number; put it in quotes: "3"',
    ],
    [
      "resource_args: {k8s: {}}",
      '1:17 unknown key "k8s" in resource_args; there are kubernetes, local-container, local-process, sagemaker, vertex',
    ],
    [
      "resource_args: {kubernetes: {name: '${run-id}'}}",
      '1:36 resource_args.kubernetes.name: unknown macro ${run-id}; did you mean "run_id"?',
    ],
    [
      "resource_args: {vertex: {a: ['${AWS_SECRET_ACCESS_KEY}']}}",
      "1:30 resource_args.vertex.a[0]: unknown macro ${AWS_SECRET_ACCESS_KEY}; there are run_id, run_name, project_name, entity_name, image_uri, author",
    ],
    [
      "resource_args: {local-container: {gpus: some}}",
      '1:41 resource_args.local-container.gpus must be all, a number, or device=0,1, not "some"',
    ],
    [
      "resource_args: {local-container: {memory: much}}",
      '1:43 resource_args.local-container.memory must be a number of bytes, or a size such as 512m or 8g, not "much"',
    ],
    ["env: {1A: x}", '1:7 "1A" must be the name of a variable: letters, digits and _, not starting with LAUNCH_'],
    [
      "env: {LAUNCH_RUN_ID: x}",
      '1:7 "LAUNCH_RUN_ID" must be the name of a variable: letters, digits and _, not starting with LAUNCH_',
    ],
    ["env: {A: [1]}", "1:10 env.A must be a string, not a list"],
    ["secrets: 3", "1:10 secrets must be a list of names, or a mapping from variables to names, not a number"],
    ["env: {A: x}\nsecrets: [A]", "2:11 the variable A is set twice, by env and by secrets; keep one"],
    ["timeout: soon", '1:10 timeout must be a duration such as 90s, 15 min or 2h30m, not "soon"'],
    ["timeout: 0", "1:10 timeout must be a duration such as 90s, 15 min or 2h30m, not 0"],
    ["queue: a\npriority: urgent", '2:11 priority must be critical, high, medium, low, or 0 to 3, not "urgent"'],
    ["priority: high", "1:11 priority needs a queue"],
    ["retry: {on: [timeot], max_attempts: 2}", '1:14 unknown "timeot" in retry.on; did you mean "timeout"?'],
    ["retry: {on: [lost]}", "1:1 retry.max_attempts is missing; it must be a number"],
    ["slots: {gpu: 0.5}", "1:14 slots.gpu must be a whole number, not 0.5"],
    [
      "job: a/b/c:v1",
      "1:1 job is not supported: W&B jobs are not in this version; give the code (uri) or an image (docker.docker_image)",
    ],
    ["overrides: {artifacts: {}}", "1:13 overrides.artifacts is not supported: W&B artifacts are not in this version"],
    [
      "uri: https://wandb.ai/me/p/runs/abc",
      "1:6 reproducing a W&B run is not in this version; give the run's code (a folder or a git URL)",
    ],
    ["uri: .\nimage_uri: a", "1:6 two sources: uri here, and image_uri (launch.yaml:2:12); keep one"],
    [
      "image_uri: a\ngit_version: b",
      "2:14 git_version is of code from git, and the source is an image: image_uri (launch.yaml:1:12); keep one",
    ],
    [
      "resource: local-process\nimage_uri: a",
      "2:12 resource local-process runs no image; remove image_uri, or use resource local-container",
    ],
    [
      "resource: local-process\noverrides: {dockerfile: D}",
      "2:25 resource local-process builds no image; remove overrides.dockerfile, or use resource local-container",
    ],
    [
      "resource: constructor",
      '1:11 unknown resource "constructor"; there are kubernetes, local-container, local-process, sagemaker, vertex',
    ],
    [
      "uri: https://ada:secret@git.example/o/r.git",
      "1:6 credentials don't belong in uri, which is kept with the run; take out what is before the @, and use git's own credentials, or the action's token",
    ],
    [
      "git: {repo: 'git+https://token@git.example/o/r.git'}",
      "1:13 credentials don't belong in git.repo, which is kept with the run; take out what is before the @, and use git's own credentials, or the action's token",
    ],
    ["- uri: .", "1:1 a launch spec must be a mapping, not a list"],
    ["just text", '1:1 a launch spec must be a mapping, not "just text"'],
  ])("%j", async (spec, fault) => {
    expect(await faultsOf({ spec })).toEqual([`launch.yaml:${fault}`]);
  });

  it("is not found in names that every object has, or in addresses that have an @ elsewhere", async () => {
    expect(await faultsOf({ spec: "secrets: [constructor]" })).toEqual([]);
    expect(await faultsOf({ spec: "uri: ssh://git@git.example/o/r.git" })).toEqual([]);
    expect(await faultsOf({ spec: "uri: git@git.example:o/r.git" })).toEqual([]);
    expect(await faultsOf({ spec: "uri: https://git.example/o/r/tree/a@b" })).toEqual([]);
  });

  it("is an argument by a flag for another resource than the one that runs; a file may hold those of several", async () => {
    const spec = "resource: local-process\nresource_args: {local-container: {gpus: all}, kubernetes: {a: 1}}";
    expect(await faultsOf({ spec })).toEqual([]);
    const overlays = [flag("--docker-arg", "resource_args.local-container.memory", "1g")];
    expect(await faultsOf({ spec, overlays })).toEqual([
      "--docker-arg resource_args.local-container.memory is for local-container, and this run is for resource local-process; keep one",
    ]);
  });

  it("of a flag is named by the flag", async () => {
    const overlays = [flag("--timeout", "timeout", "soon"), flag("input resource", "resource", "local-proces")];
    expect(await faultsOf({ overlays })).toEqual([
      'input resource unknown resource "local-proces"; did you mean "local-process"?',
      '--timeout timeout must be a duration such as 90s, 15 min or 2h30m, not "soon"',
    ]);
  });

  it("in what an alias stands for is shown where the text is", async () => {
    expect(await faultsOf({ spec: "env: &e {A: [1]}\ntemplate_variables: *e\nqueue: q" })).toEqual([
      "launch.yaml:1:13 template_variables.A must be text, a number or true or false, not a list",
      "launch.yaml:1:13 env.A must be a string, not a list",
    ]);
  });

  it("comes with all others, in the order of the file", async () => {
    const spec = "resource: kubernets\nresource: x\noverrides:\n  args: 3\n  files: 1\njob: a\n";
    const places = (await faultsOf({ spec })).map((line) => line.split(" ")[0]);
    expect(places).toEqual(["1:11", "2:1", "4:9", "5:10", "6:1"].map((place) => `launch.yaml:${place}`));
  });
});

describe("faults as they are shown", () => {
  const show = async (spec: string) => {
    const resolution = await resolveWritten({ spec });
    const documents = [{ name: "launch.yaml", text: spec }];
    const faults = resolution.kind === "faults" ? resolution.faults : [];
    return renderFaults({ faults, documents, schemas: { "launch.yaml": "schema/launch.schema.json" } });
  };

  it("have the line, a caret line and a count", async () => {
    expect(await show("uri: .\nresource: kubernets\noverrides:\n\n  args: 3\n")).toEqual([
      'launch.yaml:2:11  error  unknown resource "kubernets"; did you mean "kubernetes"?',
      "   2 │ resource: kubernets",
      "     │           ^^^^^^^^^",
      "launch.yaml:5:9  error  overrides.args must be a list of strings, not a number",
      "   5 │   args: 3",
      "     │         ^",
      "2 faults in launch.yaml. The schema: schema/launch.schema.json",
    ]);
  });

  it("cut a long line around the place, and show nothing that a terminal acts on", async () => {
    const lines = await show(`{"name": "${"x".repeat(100)}", "timeot": 1, "author": "${"y".repeat(300)}\u001b[31m"}`);
    expect(lines[1]).toMatch(/^ {3}1 │ …x+", "timeot": 1, "author": "y+…$/);
    expect(lines[2]?.indexOf("^")).toBe(lines[1]?.indexOf('"timeot"'));
    expect(lines.join("")).not.toContain("\u001b");
  });
});
