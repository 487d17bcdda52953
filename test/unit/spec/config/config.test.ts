import { describe, expect, it } from "vitest";
import { resolveSpec } from "../../../../src/spec/resolve/resolve.ts";
import { faultsOf, resolvedOf } from "../../../support/launch/spec.ts";

describe("a launch config", () => {
  it("is read with its defaults", async () => {
    const { config } = await resolvedOf({
      config: `
builder: { type: kaniko, destination: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/train }
registry: { type: ecr, uri: https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/train }
environment: { type: aws, region: eu-west-1 }
store: git+file:///srv/runs.git
secrets: { token: { env: TOKEN }, key: { file: /run/key } }
allow: { resources: [local-container], mounts: [{ path: /data }, { path: /out, read_only: false }] }
`,
    });
    expect(config).toMatchObject({
      builder: { type: "kaniko" },
      secrets: { token: { env: "TOKEN" }, key: { file: "/run/key" } },
      allow: {
        resources: ["local-container"],
        mounts: [
          { path: "/data", read_only: true },
          { path: "/out", read_only: false },
        ],
        patches_in_public: false,
      },
    });
  });

  it.each([
    ["builder: {type: dcker}", '1:17 unknown builder "dcker"; did you mean "docker"?'],
    ["builder: {destination: a}", "1:1 builder.type is missing; it must be one of docker, kaniko, noop"],
    ["builder: docker", '1:10 builder must be a mapping, not "docker"'],
    ["builder: {type: noop, destination: a}", '1:23 unknown key "destination" in builder; there are type'],
    ["registry: {type: ecrr, uri: a}", '1:18 unknown registry "ecrr"; did you mean "ecr"?'],
    [
      "registry: {type: ecr, uri: a, acount_id: '1'}",
      '1:31 unknown key "acount_id" in registry; did you mean "account_id"?',
    ],
    ["environment: {type: aws}", "1:1 environment.region is missing; it must be a string"],
    ["max_jobs: 0", "1:11 max_jobs must be a whole number from 1, or -1 for no limit, not 0"],
    ["queues: [A]", '1:10 queues[0] must be a queue\'s name: a-z, 0-9 and -, at most 64 characters, not "A"'],
    ["slots: {gpu: all}", '1:14 slots.gpu must be a whole number, auto, or a list of devices, not "all"'],
    [
      "profiles: {eu: {builder: {type: kaniko}}}",
      "1:33 builder kaniko has nowhere to push to; give builder.destination or a registry",
    ],
    ["secure_mode: true", "1:1 secure_mode is not supported: say what specs may use under allow"],
    ["allow: {local_process: yes}", '1:24 unknown local_process "yes"; there are refused, trusted'],
    ["secrets: {a: {file: key}}", '1:21 secrets.a.file must be an absolute path, not "key"'],
    ["secrets: {a: TOKEN}", '1:14 secrets.a must be {env: NAME} or {file: PATH} with an absolute path, not "TOKEN"'],
    ["allow: {mounts: [{path: data}]}", '1:25 allow.mounts[0].path must be an absolute path, not "data"'],
    [
      "allow: {resources: [local-proces]}",
      '1:21 unknown "local-proces" in allow.resources; did you mean "local-process"?',
    ],
    [
      "github_app: {id: 12, installation: 34, private_key: MIIE}",
      '1:53 github_app.private_key must be {env: NAME} or {file: PATH} with an absolute path, not "MIIE"',
    ],
    [
      "github_app: {id: app, installation: 34, private_key: {env: KEY}}",
      '1:18 github_app.id must be a whole number, not "app"',
    ],
    ["[]", "1:1 a launch config must be a mapping, not a list"],
  ])("with %j has a fault", async (config, fault) => {
    expect(await faultsOf({ config })).toEqual([`launch-config.yaml:${fault}`]);
  });
});

const ecr = (region: string) => `123456789012.dkr.ecr.${region}.amazonaws.com/train`;

describe("the blocks of a launch config", () => {
  it.each([
    ["builder: {type: kaniko}", "1:17 builder kaniko has nowhere to push to; give builder.destination or a registry"],
    [
      "builder: {type: kaniko, destination: a/b, secret-name: s}",
      "1:56 builder.secret-name and builder.secret-key go together; give both or none",
    ],
    [
      "builder: {type: docker, destination: b.example/x}\nregistry: {type: generic, uri: a.example/x}",
      '1:38 builder.destination "b.example/x" is not in the registry "a.example/x"; keep one of them',
    ],
    ["registry: {type: ecr, region: eu-west-1}", "1:18 registry ecr needs a uri, or account_id, region and repository"],
    [
      `registry: {type: ecr, uri: ${ecr("eu-west-1")}, region: us-east-1}`,
      '1:88 registry.region is "us-east-1", and registry.uri is in eu-west-1; keep one',
    ],
    [
      `environment: {type: aws, region: us-east-1}\nregistry: {type: ecr, uri: ${ecr("eu-west-1")}}`,
      "2:28 the registry is in eu-west-1, and the environment in us-east-1",
    ],
    [
      `environment: {type: aws, region: us-east-1}\nbuilder: {type: docker, destination: ${ecr("eu-west-1")}}`,
      "2:38 builder.destination is in eu-west-1, and the environment in us-east-1",
    ],
    [
      "environment: {type: gcp, region: europe-west4}\nregistry: {type: gcr, uri: us-central1-docker.pkg.dev/p/r}",
      "2:28 the registry is in us-central1, and the environment in europe-west4",
    ],
    [
      "environment: {type: gcp}\nregistry: {type: acr, uri: team.azurecr.io/train}",
      "2:28 the registry is of Azure, and the environment of Google Cloud",
    ],
  ])("that contradict each other are a fault: %j", async (config, fault) => {
    expect(await faultsOf({ config })).toEqual([`launch-config.yaml:${fault}`]);
  });

  it.each([
    "builder: {type: docker, destination: 'a.example:5000/x'}\nregistry: {type: generic, uri: 'https://a.example:5000/x/'}",
    "builder: {type: docker, destination: a.example/x/train}\nregistry: {type: generic, uri: a.example/x/}",
    "environment: {type: gcp, region: us-central1}\nregistry: {type: artifact-registry, uri: us-docker.pkg.dev/p/r}",
    `environment: {type: aws, region: eu-west-1}\nregistry: {type: ecr, uri: ${ecr("eu-west-1")}, region: eu-west-1}`,
  ])("that go together are none: %j", async (config) => {
    expect(await faultsOf({ config })).toEqual([]);
  });
});

describe("a misspelt key where the kind is not known", () => {
  it("is named with what was meant", async () => {
    expect(await faultsOf({ config: "builder: {typ: docker, destination: a}" })).toEqual([
      "launch-config.yaml:1:1 builder.type is missing; it must be one of docker, kaniko, noop",
      'launch-config.yaml:1:11 unknown key "typ" in builder; did you mean "type"?',
    ]);
  });
});

describe("a launch config that was found, not named", () => {
  it("may speak to agents: what it says to them is a warning", async () => {
    const text = "entity: team\nqueues: [a]\nmax_jobs: 2\nmax_schedulers: 3\nverbosity: 1\n";
    const resolution = await resolveSpec({
      config: { name: "/home/ada/.config/wandb/launch-config.yaml", text, found: { kind: "own" } },
      overlays: [],
      context: { entity: "octocat", project: "digits" },
    });
    expect(resolution).toMatchObject({
      kind: "resolved",
      config: { entity: "team" },
      warnings: [
        "/home/ada/.config/wandb/launch-config.yaml: max_schedulers, verbosity are of W&B's agent, and have no effect here",
      ],
    });
  });
});

describe("the ceiling that a launch config sets", () => {
  it("is a fault of the spec that wants more", async () => {
    const config = "allow:\n  resources: [local-process]\n  sources: [git]\n";
    expect(await faultsOf({ config, spec: "image_uri: busybox\nresource: local-container" })).toEqual([
      "launch.yaml:1:12 a source of kind image is not allowed here: allow.sources of the launch config (launch-config.yaml:3:12) doesn't have it",
      "launch.yaml:2:11 resource local-container is not allowed here: allow.resources of the launch config (launch-config.yaml:2:14) doesn't have it",
    ]);
    expect(await faultsOf({ config, spec: "resource: local-process" })).toEqual([]);
  });

  it("holds for the default resource too", async () => {
    expect(await faultsOf({ config: "allow: {resources: [local-process]}" })).toEqual([
      "launch-config.yaml:1:20 resource local-container is not allowed here: allow.resources of the launch config doesn't have it",
    ]);
  });

  it("is a fault where its builder builds nothing and a Dockerfile is asked for", async () => {
    expect(await faultsOf({ config: "builder: {type: noop}", spec: "overrides: {dockerfile: D}" })).toEqual([
      "launch.yaml:1:25 the launch config's builder noop builds nothing; remove overrides.dockerfile, or use builder docker",
    ]);
  });
});
