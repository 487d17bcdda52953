import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passEnvironment } from "../../../src/clients/docker/container-environment.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { mountsOf, networkOptions } from "../../../src/resources/local-container/mounts.ts";
import { environmentOf, optionsOf } from "../../../src/resources/local-container/options.ts";
import { localContainerArgsSchema } from "../../../src/resources/local-container/schema.ts";
import { failureOf } from "../../support/failure.ts";
import type { ResourceContext } from "../../../src/resources/resource.ts";

const parse = (value: unknown) => localContainerArgsSchema.parse(value);

describe("arguments become options of docker", () => {
  test.each<[unknown, readonly string[]]>([
    [{}, []],
    [{ cpus: 2 }, ["--cpus=2"]],
    [{ cpus: "0.5", m: "8g" }, ["--cpus=0.5", "--memory=8g"]],
    [{ memory: 1024, "memory-swap": -1 }, ["--memory=1024", "--memory-swap=-1"]],
    [{ "shm-size": "2 GiB" }, ["--shm-size=2G"]],
    [{ gpus: "all" }, ["--gpus=all"]],
    [{ gpus: 2 }, ["--gpus=2"]],
    [{ gpus: "device=0,1" }, ['--gpus="device=0,1"']],
    [{ gpus: '"device=GPU-3faa8-219,1"' }, ['--gpus="device=GPU-3faa8-219,1"']],
    [{ ulimit: "memlock=-1" }, ["--ulimit=memlock=-1"]],
    [{ ulimit: ["memlock=-1", "stack=67108864"] }, ["--ulimit=memlock=-1", "--ulimit=stack=67108864"]],
    [{ user: 0, w: "/w" }, ["--user=0", "--workdir=/w"]],
    [{ hostname: "--privileged" }, ["--hostname=--privileged"]],
    [
      { "read-only": true, tmpfs: ["/tmp", "/run:size=1g"] },
      ["--read-only=true", "--tmpfs=/tmp", "--tmpfs=/run:size=1g"],
    ],
    [{ platform: "linux/arm64", "cpuset-cpus": "0-3,8" }, ["--cpuset-cpus=0-3,8", "--platform=linux/arm64"]],
  ])("%j", (args, options) => {
    expect(optionsOf(parse(args))).toEqual(options);
  });

  test.each<[unknown, Readonly<Record<string, string>>]>([
    [{ env: "A=1" }, { A: "1" }],
    [
      { e: ["A=1", "B=x=y"], env: { A: "2" } },
      { A: "2", B: "x=y" },
    ],
  ])("variables of %j", (args, env) => {
    expect(environmentOf(parse(args))).toEqual(env);
  });
});

describe("arguments that are refused", () => {
  test.each([
    ...[
      "privileged",
      "device",
      "cap-add",
      "security-opt",
      "ipc",
      "pid",
      "runtime",
      "env-file",
      "volumes-from",
      "publish",
    ],
    ...["name", "rm", "detach", "restart", "entrypoint", "command", "cpu", "init"],
  ])("%s, with the reason", (name) => {
    const issues = localContainerArgsSchema.safeParse({ [name]: "host" }).error?.issues;
    expect(issues).toHaveLength(1);
    expect(issues?.[0]?.path).toEqual([name]);
    expect(issues?.[0]?.message).toMatch(/^left out \(.+\)$/);
  });

  test.each([
    { cpus: "many" },
    { cpus: 0 },
    { memory: "8 gigabytes" },
    { gpus: "some" },
    { env: "NAME" },
    { env: ["A=1", "AWS_SECRET_ACCESS_KEY"] },
    { env: "LAUNCH_RUN_ID=other" },
    { env: { LAUNCH_OUTPUT_DIR: "/" } },
    { env: ["A=1", "LAUNCH_CONFIG={}"] },
    { e: ["LAUNCH_X=1"] },
    { e: { LAUNCH_: "1" } },
    { hostname: "a\nb" },
    { "cpuset-cpus": "0;1" },
    { cpuss: 1 },
  ])("%j", (args) => {
    expect(localContainerArgsSchema.safeParse(args).success).toBe(false);
  });
});

describe("mounts and networks", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "launch-mounts-test-"));
    const folders = ["data", "data/sub", "database", "state", "data/writable", "data/writable/sub", "data/writable/ro"];
    for (const name of [...folders, "data/open", "data/open/sub", "data/theirs", "data/theirs/sub", "all", "all/own"])
      mkdirSync(join(folder, name));
    symlinkSync(join(folder, "database"), join(folder, "data/out"));
    symlinkSync(join(folder, "data/writable/sub"), join(folder, "data/link"));
    symlinkSync(join(folder, "data/writable"), join(folder, "data/same"));
    // A run has put it there, in the place of a folder that the config names.
    symlinkSync(join(folder, "database"), join(folder, "data/writable/swapped"));
    symlinkSync(join(folder, "data/writable/swapped"), join(folder, "named"));
    symlinkSync("round", join(folder, "data/round"));
    chmodSync(join(folder, "data/open"), 0o777);
    if (process.getuid?.() === 0) chownSync(join(folder, "data/theirs"), 1234, 1234);
    else chmodSync(join(folder, "data/theirs"), 0o775);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const context = (): ResourceContext => ({
    log: silentLog,
    cacheDirectory: folder,
    environment: {},
    cloudEnvironment: { cloud: undefined },
    mounts: [
      { path: join(folder, "data"), readOnly: true },
      { path: join(folder, "data/writable"), readOnly: false },
      { path: join(folder, "data/writable/ro"), readOnly: true },
      { path: join(folder, "data/writable/swapped"), readOnly: true },
      { path: join(folder, "data/../data/same/../writable/swapped"), readOnly: false },
      { path: join(folder, "named"), readOnly: true },
      { path: join(folder, "not there"), readOnly: false },
      { path: join(folder, "all"), readOnly: false },
      { path: join(folder, "data/open"), readOnly: true },
    ],
    ownFolders: [join(folder, "state"), join(folder, "all/own")],
    networks: ["training"],
  });
  const mounts = (args: Record<string, string>) =>
    mountsOf(
      parse(Object.fromEntries(Object.entries(args).map(([name, value]) => [name, value.replaceAll("@", folder)]))),
      context(),
    );

  test.each([
    [{ volume: "@/data:/d" }, "data", true],
    [{ volume: "@/data/../data/sub:/d:ro" }, "data/sub", true],
    [{ volume: "@/data/writable:/d" }, "data/writable", false],
    [{ volume: "@/data/writable:/d:ro" }, "data/writable", true],
    [{ mount: "type=bind,source=@/data,target=/d" }, "data", true],
    [{ mount: "src=@/data/writable,dst=/d,readonly" }, "data/writable", true],
    [{ volume: "@/data/same:/d" }, "data/writable", false],
    [{ volume: "@/data/open:/d" }, "data/open", true],
  ])("%j is allowed", (args, source, readOnly) => {
    expect(mounts(args)).toEqual([{ source: join(folder, source), target: "/d", readOnly }]);
  });

  test.each([
    [{ volume: "/:/host" }, "allow.mounts"],
    [{ volume: "/var/run/docker.sock:/d" }, "refused"],
    [{ volume: "@/database:/d" }, "allow.mounts"],
    [{ volume: "@/data/out:/d" }, "allow.mounts"],
    [{ volume: "@/data/../database:/d" }, "allow.mounts"],
    ...["database", "named", "data/writable/swapped", "data/same/swapped"].map((name): [{ volume: string }, string] => [
      { volume: `@/${name}:/d:ro` },
      "allow.mounts",
    ]),
    [{ volume: "@/data/round:/d" }, "there is no"],
    [{ volume: `@/${"x".repeat(300)}:/d` }, "there is no"],
    [{ volume: "@/data:/d:rw" }, "for reading only"],
    [{ volume: "@/data:/d:rshared" }, ":ro or :rw"],
    [{ volume: "@/data/none:/d" }, "there is no"],
    [{ volume: "named:/d" }, "absolute path"],
    [{ volume: "@/data" }, "absolute path"],
    ...["", ":ro", ":rw"].map((mode): [{ volume: string }, string] => [
      { volume: `@/data/writable/sub:/d${mode}` },
      "which runs may write",
    ]),
    [{ volume: "@/data/link:/d:ro" }, "which runs may write"],
    [{ volume: "@/data/writable/ro:/d:ro" }, "which runs may write"],
    [{ mount: "src=@/data/writable/../writable/sub,dst=/d,readonly" }, "which runs may write"],
    [{ volume: "@/data/open/sub:/d" }, "others than this user may write"],
    [{ volume: "@/data/theirs/sub:/d" }, "others than this user may write"],
    [{ volume: "@/all:/d" }, "all/own is the launcher's own"],
    [{ volume: "@/data:/workspace/" }, "launcher's own"],
    [{ volume: "@/data:/x/../launch/output/sub" }, "launcher's own"],
    [{ volume: "@/data:/launch/other" }, "launcher's own"],
    [{ volume: "@/data:/workspace/.." }, "launcher's own"],
    [{ volume: "@/data:/launch/output" }, "launcher's own"],
    [{ mount: "type=volume,source=x,target=/d" }, "not bind"],
    [{ mount: "type=bind,source=@/data,target=/d,bind-propagation=shared" }, "bind-propagation"],
  ])("%j is refused", async (args, words) => {
    const work = Promise.resolve().then(() => mounts(args));
    const { code, message } = await failureOf(work);
    expect(code).toBe("refused");
    expect(message).toContain(words);
  });

  test.each(["none", "bridge", "training"])("network %s is allowed", (network) => {
    expect(networkOptions(parse({ network }), context())).toEqual([`--network=${network}`]);
  });

  test.each(["host", "container:other", "other"])("network %s is refused", (network) => {
    expect(() => networkOptions(parse({ network }), context())).toThrow(expect.objectContaining({ code: "refused" }));
  });
});

describe("variables on their way to docker", () => {
  test.each(["DOCKER_CONFIG", "PATH", "HOME", "LD_PRELOAD", "GODEBUG", "https_proxy", "SSH_AUTH_SOCK"])(
    "%s of several lines is refused, without its value",
    async (name) => {
      const { code, message } = await failureOf(passEnvironment({ [name]: "one-7785\ntwo" }));
      expect(code).toBe("refused");
      expect(message).not.toContain("7785");
    },
  );

  test.each(["", "A B", "A=B", "#A", "A\nB"])("the name %j is refused", async (name) => {
    await expect(passEnvironment({ [name]: "x" })).rejects.toMatchObject({ code: "refused" });
  });
});
