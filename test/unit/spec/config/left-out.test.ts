import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dockerBuilderSchema } from "../../../../src/builders/docker/schema.ts";
import { kanikoBuilderSchema } from "../../../../src/builders/kaniko/schema.ts";
import { launchConfigSchema } from "../../../../src/spec/config/launch-config.ts";
import type { FoundConfig } from "../../../../src/spec/resolve/resolution.ts";
import { resolveSpec } from "../../../../src/spec/resolve/resolve.ts";

/*
 * For each key of a launch config: what may be written, and whether a config that nobody named may say it. A key that is new fails the
 * first test until somebody has decided that.
 */
type Key = readonly [value: unknown, counts: boolean];

const plain: Readonly<Record<string, Key>> = {
  entity: ["team", true],
  project: ["digits", true],
  environment: [{ type: "aws", region: "eu-west-1" }, true],
  registry: [{ type: "ecr", uri: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train" }, true],
  queues: [["gpu"], true],
  max_jobs: [3, true],
  slots: [{ gpu: 2 }, true],
  lease: [{ ttl: "10min" }, true],
  store: ["git+https://git.example/runs", false],
  github_app: [{ id: 1, installation: 2, private_key: { env: "KEY" } }, false],
};
const allow: Readonly<Record<string, Key>> = {
  resources: [["local-container"], true],
  sources: [["git"], true],
  mounts: [[{ path: "/" }], false],
  network: [["host"], false],
  build_network: [false, true],
  patches_in_public: [true, false],
  local_process: ["trusted", false],
};
const docker: Readonly<Record<string, Key>> = {
  type: ["docker", true],
  destination: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/train", true],
  platform: ["linux/amd64", true],
  network: ["host", false],
  "build-args": [{ A: "b" }, true],
  "cache-from": [["type=local,src=/home/ada"], false],
  "cache-to": [["type=local,dest=/home/ada"], false],
  secrets: [["TOKEN"], false],
  timeout: ["1h", true],
  pull: [true, true],
  "no-cache": [true, true],
  "media-types": ["oci", true],
};
const kaniko: Readonly<Record<string, Key>> = {
  type: ["kaniko", true],
  destination: ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/train", true],
  platform: ["linux/amd64", true],
  "build-context-store": ["s3://bucket", true],
  "build-job-name": ["build", true],
  "secret-name": ["aws", false],
  "secret-key": ["credentials", false],
  "kaniko-image": ["evil/kaniko", false],
  "kaniko-config": [{ spec: { hostNetwork: true } }, false],
};

/** Some of a table's keys, with one that must be there. */
const someOf = (table: Readonly<Record<string, Key>>, always?: string): fc.Arbitrary<readonly string[]> =>
  fc.subarray(Object.keys(table)).map((keys) => (always === undefined ? keys : [...new Set([always, ...keys])]));

const written = (table: Readonly<Record<string, Key>>, keys: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(keys.map((key) => [key, table[key]?.[0]]));

const counting = (table: Readonly<Record<string, Key>>, keys: readonly string[]): readonly string[] =>
  keys.filter((key) => table[key]?.[1] === true);

const names = fc.uniqueArray(fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/), { maxLength: 3 });

/** A config, and what of it may be said by one that nobody named; `out` are the paths of the rest. */
const configs = fc
  .record({
    keys: someOf(plain),
    allowed: someOf(allow),
    builder: fc.oneof(
      someOf(docker, "type").map((keys) => ({ table: docker, keys })),
      fc.subarray(Object.keys(kaniko)).map((some) => {
        const pair = some.some((key) => key.startsWith("secret-")) ? ["secret-name", "secret-key"] : [];
        return { table: kaniko, keys: [...new Set(["type", "destination", ...some, ...pair])] };
      }),
    ),
    secrets: names,
  })
  .map(({ keys, allowed, builder: { table, keys: fields }, secrets }) => {
    const builder = written(table, fields);
    const whole = {
      ...written(plain, keys),
      builder,
      profiles: { eu: { builder } },
      secrets: Object.fromEntries(secrets.map((name) => [name, { env: name }])),
      allow: written(allow, allowed),
    };
    const safe = written(table, counting(table, fields));
    const rest = {
      ...written(plain, counting(plain, keys)),
      builder: safe,
      profiles: { eu: { builder: safe } },
      secrets: {},
      allow: written(allow, counting(allow, allowed)),
    };
    const not = (of: Readonly<Record<string, Key>>, some: readonly string[]): readonly string[] =>
      some.filter((key) => of[key]?.[1] === false);
    const out = [
      ...not(plain, keys),
      ...not(allow, allowed).map((key) => `allow.${key}`),
      ...not(table, fields).flatMap((key) => [`builder.${key}`, `profiles.eu.builder.${key}`]),
      ...secrets.map((name) => `secrets.${name}`),
    ];
    return { whole, rest, out };
  });

const resolved = async (config: object, found?: FoundConfig) => {
  const resolution = await resolveSpec({
    config: {
      name: "launch-config.yaml",
      text: JSON.stringify(config),
      ...(found === undefined ? {} : { found }),
    },
    overlays: [],
    context: { entity: "octocat", project: "digits" },
  });
  if (resolution.kind === "resolved") return resolution;
  throw new Error(JSON.stringify(resolution.faults));
};

describe("a launch config that was only found in the working folder", () => {
  it("has no key of which nobody has decided whether it counts", () => {
    const { shape } = launchConfigSchema;
    expect([...Object.keys(plain), "builder", "profiles", "secrets", "allow"].sort()).toEqual(
      Object.keys(shape).sort(),
    );
    expect(Object.keys(allow).sort()).toEqual(Object.keys(shape.allow.unwrap().shape).sort());
    expect(Object.keys(docker).sort()).toEqual(Object.keys(dockerBuilderSchema.shape).sort());
    expect(Object.keys(kaniko).sort()).toEqual(Object.keys(kanikoBuilderSchema.shape).sort());
  });

  it("gives runs nothing that it didn't without what reaches beyond a build, and names each field that doesn't count", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async ({ whole, rest, out }) => {
        const [untrusted, expected] = await Promise.all([resolved(whole, { kind: "untrusted" }), resolved(rest)]);
        expect(untrusted.config).toEqual(expected.config);
        expect((untrusted.leftOut?.fields ?? []).map(({ path }) => path).sort()).toEqual([...out].sort());
        expect(untrusted.warnings).toHaveLength(out.length === 0 ? 0 : 1);
        for (const path of out) expect(untrusted.warnings[0]).toContain(path);
      }),
      { numRuns: 300 },
    );
  });

  it("counts as a whole once it was named, is the user's own, or is trusted", async () => {
    await fc.assert(
      fc.asyncProperty(
        configs,
        fc.constantFrom<FoundConfig>({ kind: "own" }, { kind: "trusted" }),
        async ({ whole }, found) => {
          const named = await resolved(whole);
          expect(named).toMatchObject({ config: launchConfigSchema.parse(whole), warnings: [] });
          expect((await resolved(whole, found)).config).toEqual(named.config);
        },
      ),
    );
  });

  it.each([
    ["harbor.example/cache", true],
    ["type=registry,ref=harbor.example/cache,mode=max", true],
    ["type=inline", true],
    ["type=local,dest=/etc", false],
    ["Type=local,dest=/etc", false],
    ['"type=local",dest=/etc', false],
    ["dest=/etc", false],
    ["type=registry,type=local,dest=/etc", false],
    ["type=s3,bucket=mine", false],
    ["src=/home,ref=x", false],
  ])("may have the cache %s: %s", async (cache, counts) => {
    for (const key of ["cache-from", "cache-to"]) {
      const { config, leftOut } = await resolved(
        { builder: { type: "docker", [key]: [cache] } },
        { kind: "untrusted" },
      );
      expect(leftOut === undefined).toBe(counts);
      expect(JSON.stringify(config.builder).includes(JSON.stringify(cache))).toBe(counts);
    }
  });

  it("says what has changed since it was trusted", async () => {
    const before = [
      { path: "allow.mounts", value: [{ path: "/data", read_only: true }] },
      { path: "store", value: "git+https://git.example/runs" },
    ];
    const config = { allow: { mounts: [{ path: "/" }] }, secrets: { A: { env: "A" } } };
    const { warnings } = await resolved(config, { kind: "untrusted", before });
    expect(warnings[0]).toMatch(/^launch-config.yaml: it has changed since it was trusted/);
    expect(warnings[0]).toContain(
      'allow.mounts was [{"path":"/data","read_only":true}], is [{"path":"/","read_only":true}]',
    );
    expect(warnings[0]).toContain('store was "git+https://git.example/runs", is none');
    expect(warnings[0]).toContain('secrets.A was none, is {"env":"A"}');
  });

  it("shows no password of a store", async () => {
    const { leftOut, warnings, origins } = await resolved(
      { store: "postgres://ada:hunter22@db/runs" },
      { kind: "untrusted" },
    );
    expect(JSON.stringify({ leftOut, warnings, origins })).not.toContain("hunter22");
  });
});
