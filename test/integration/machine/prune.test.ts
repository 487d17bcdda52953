import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, test } from "vitest";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { registerLive, updateLive } from "../../../src/machine/live-entry.ts";
import { nameOfAttempt } from "../../../src/run/handle.ts";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { docker, imagesOf, removeImages } from "../../support/docker/docker.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { runDocument } from "../../support/stores/run-document.ts";
import { attemptKey, attemptName } from "../../support/launch/attempt.ts";

const longAgo = new Date(Date.now() - 40 * 24 * 3_600_000);

let folder: TemporaryFolder;
let launch: CommandLine;
let directory: string;
const name = `prune-${process.pid}`;

beforeEach(() => {
  folder = temporaryFolder();
  const repository = folder.repository("train");
  repository.commit("a", {
    "launch.yaml": `name: ${name}\nresource: local-container\noverrides: {entry_point: [cat, /mark]}\n`,
    Dockerfile: `FROM busybox\nRUN echo ${name} >/mark\n`,
  });
  ({ directory } = repository);
  launch = commandLine({
    directory,
    stateHome: folder.folder("state"),
    environment: {
      DOCKER_HOST: process.env["DOCKER_HOST"] ?? "",
      DOCKER_CONFIG: process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"),
      BUILDX_BUILDER: "default",
    },
  });
});
afterEach(() => folder.remove());

const inState = (path: string): string => join(folder.path, "state", path);

const readdirOf = (path: string): readonly string[] =>
  existsSync(inState(path)) ? readdirSync(inState(path)).sort() : [];

type Pruned = {
  readonly logs: readonly { readonly name: string; readonly bytes: number }[];
  readonly environments: readonly { readonly name: string; readonly bytes: number }[];
  readonly images: {
    readonly removed: readonly { readonly name: string }[];
    readonly kept: readonly { readonly name: string; readonly why: string }[];
  };
  readonly freed_bytes: number;
};

async function pruned(...flags: readonly string[]): Promise<Pruned> {
  const { stdout, stderr, exitCode } = await launch("prune", "--json", ...flags);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as Pruned;
}

/** A folder of the state with a file of 10,000 bytes. */
function make(path: string, changed?: Date): void {
  mkdirSync(inState(path), { recursive: true });
  writeFileSync(join(inState(path), "content"), "x".repeat(10_000));
  if (changed !== undefined) utimesSync(inState(path), changed, changed);
}

async function liveRun(runId: string, changes: Parameters<typeof updateLive>[2] = {}): Promise<void> {
  const state = stateDirectoryAt(join(folder.path, "state"));
  const head = { ...runDocument(runId).run, created_at: new Date().toISOString() };
  await registerLive(state, { key: attemptKey(runId), store: "x", head });
  await updateLive(state, attemptKey(runId), changes);
}

test("old logs go from this machine, with how much they took; newer ones and those of runs at work stay", async () => {
  make(`runs/${attemptName("train-old")}`, longAgo);
  make(`runs/${attemptName("train-live")}`, longAgo);
  make(`runs/${attemptName("train-new")}`);
  await liveRun("train-live", { submittedAt: longAgo });
  const dry = await pruned("--dry-run");
  expect(dry.logs.map((log) => log.name)).toEqual(["train-old"]);
  expect(existsSync(inState(`runs/${attemptName("train-old")}`))).toBe(true);
  const done = await pruned();
  expect(done.logs).toEqual(dry.logs);
  expect(done.freed_bytes).toBeGreaterThanOrEqual(10_000);
  expect(readdirSync(inState("runs")).sort()).toEqual(["train-live", "train-new"].map((runId) => attemptName(runId)));
});

test("the log of a run that waits for another attempt stays", async () => {
  const { stdout } = await launch("run", "-q", "--json");
  const runId = /"run_id":\s*"([^"]+)"/.exec(stdout)?.[1] ?? "";
  make(`runs/${attemptName(runId)}`, longAgo);
  expect((await pruned("--keep", "0")).logs).toEqual([]);
  expect(existsSync(inState(`runs/${attemptName(runId)}`))).toBe(true);
});

test("by its name a run of a store goes with its folders here, and with none of a live one or another store's", async () => {
  const spec = `run_id: nightly\nresource: local-process\nuri: ${directory}\noverrides: {entry_point: [echo, done]}\n`;
  const ran = async (store: string): Promise<string> => {
    const before = readdirOf("runs");
    const { exitCode, stderr } = await launch("run", spec, "--store", store);
    expect(exitCode, stderr).toBe(0);
    const [name = "", ...others] = readdirOf("runs").filter((each) => !before.includes(each));
    expect(others).toEqual([]);
    return name;
  };
  const [one, two] = ["one", "two"].map((each) => `git+file://${join(folder.path, `${each}.git`)}`) as [string, string];
  const mine = await ran(one);
  const others = await ran(two);
  // Of its attempts there may be several, and one whose launcher is not done with it.
  const state = stateDirectoryAt(join(folder.path, "state"));
  const note = JSON.parse(readFileSync(state.noteFile(mine), "utf8")) as Record<string, unknown>;
  const attempt = (number: number): string => {
    const key = { ...attemptKey("nightly"), attempt: number };
    mkdirSync(state.outputFolder(nameOfAttempt(key)), { recursive: true });
    writeFileSync(join(state.outputFolder(nameOfAttempt(key)), "model"), "x");
    const { identity } = key;
    writeFileSync(state.noteFile(nameOfAttempt(key)), JSON.stringify({ ...note, attempt: number, identity }));
    return nameOfAttempt(key);
  };
  attempt(2);
  const live = attempt(3);
  mkdirSync(state.live, { recursive: true });
  writeFileSync(state.liveFile(live), "{");
  make(`runs/${attemptName("nightly-2")}`);
  const { exitCode, stdout } = await launch("prune", "nightly", "--store", one);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: expect.stringMatching(new RegExp(`^removed nightly\nleft the folder of ${live}: .*\n$`)) as unknown,
  });
  expect(readdirOf("runs")).toEqual([others, live, attemptName("nightly-2")].sort());
  expect((await launch("prune", "nightly", "--store", two)).stdout).toBe("removed nightly\n");
  expect(readdirOf("runs")).toEqual([live, attemptName("nightly-2")].sort());
});

test("Python environments that no run has used for so long go with their links", async () => {
  const python = "cache/python";
  make(`${python}/aa.1.x.y`, longAgo);
  make(`${python}/bb.1.x.y`);
  make(`${python}/cc.1.x.y`, longAgo);
  for (const hash of ["aa", "bb"]) symlinkSync(`${hash}.1.x.y`, inState(`${python}/${hash}`));
  const done = await pruned();
  expect(done.environments.map((each) => each.name).sort()).toEqual(["aa.1.x.y", "cc.1.x.y"]);
  expect(readdirSync(inState(python)).sort()).toEqual(["bb", "bb.1.x.y"]);
});

test("Python environments stay while a run is being started, and those used since the oldest run at work was made", async () => {
  const python = "cache/python";
  make(`${python}/aa.1.x.y`, longAgo);
  await liveRun("train-1");
  expect((await pruned()).environments).toEqual([]);
  // It runs since an hour, and what was used 40 days ago is none of its.
  await liveRun("train-1", { submittedAt: new Date(Date.now() - 3_600_000) });
  make(`${python}/bb.1.x.y`, new Date(Date.now() + 60_000));
  expect((await pruned("--older-than", "0s")).environments.map((each) => each.name)).toEqual(["aa.1.x.y"]);
  expect(readdirSync(inState(python))).toEqual(["bb.1.x.y"]);
});

test("without notes of images Docker isn't asked", async () => {
  const elsewhere = commandLine({
    directory,
    stateHome: folder.folder("state"),
    environment: { DOCKER_HOST: "tcp://127.0.0.1:1" },
  });
  expect((await elsewhere("prune")).exitCode).toBe(0);
});

describeWithDocker("images", () => {
  const repository = `launch/${name}`;
  const others = [`${name}-mine:1`, `launch/${name}-by-hand:1`, `${name}-child:1`];
  const containers: string[] = [];

  beforeEach(async () => {
    expect((await launch("run")).stdout).toContain(name);
  });
  afterEach(() => {
    for (const container of containers.splice(0)) docker("rm", "--force", container);
    removeImages([...imagesOf(repository), ...others]);
  });

  const tag = (): string => imagesOf(repository)[0] ?? "";

  /** As if all images had been used long ago. */
  const age = (): void => {
    for (const file of readdirSync(inState("images"))) {
      const path = inState(`images/${file}`);
      const text = readFileSync(path, "utf8");
      writeFileSync(path, text.replace(/"used_at": "[^"]*"/, `"used_at": "${longAgo.toISOString()}"`));
    }
  };

  it("that were built for runs and not used for so long go; their base, and what a person built, stay", async () => {
    docker("tag", "busybox", `launch/${name}-by-hand:1`);
    expect((await pruned()).images.removed).toEqual([]);
    age();
    const ours = tag();
    expect((await pruned("--dry-run")).images.removed).toMatchObject([{ name: ours }]);
    expect(imagesOf(repository)).toEqual([ours]);
    expect((await pruned()).images.removed).toMatchObject([{ name: ours }]);
    expect(imagesOf(repository)).toEqual([]);
    expect(imagesOf(`launch/${name}-by-hand`)).toHaveLength(1);
    expect(docker("run", "--rm", "busybox", "echo", "here")).toBe("here");
    expect(readdirSync(inState("images"))).toEqual([]);
  });

  it("that a launch used again meanwhile, or that another Docker has, stay", async () => {
    age();
    const elsewhere = commandLine({
      directory,
      stateHome: folder.folder("state"),
      environment: { DOCKER_HOST: "tcp://127.0.0.1:1" },
    });
    expect((await elsewhere("prune")).exitCode).toBe(0);
    expect(readdirSync(inState("images"))).toHaveLength(1);
    expect((await launch("run")).stdout).toContain("unchanged");
    expect((await pruned()).images.removed).toEqual([]);
    expect(imagesOf(repository)).toHaveLength(1);
  });

  it("stay as long as somebody needs them: by a tag, a container, a waiting run, or a run that is being started", async () => {
    age();
    const whyKept = async (): Promise<readonly string[]> => {
      const { kept, removed } = (await pruned()).images;
      expect(removed).toEqual([]);
      expect(imagesOf(repository)).toHaveLength(1);
      return kept.map(({ why }) => why);
    };
    const [mine = ""] = others;
    docker("tag", tag(), mine);
    expect(await whyKept()).toEqual([`it is also tagged ${mine}`]);
    docker("rmi", mine);

    const container = docker("create", tag(), "true");
    containers.push(container);
    expect(await whyKept()).toEqual(["a container is of it"]);
    docker("rm", containers.pop() ?? "");

    const spec = JSON.stringify({ name, resource: "local-container", docker: { docker_image: tag() } });
    const { stdout } = await launch("run", "-q", "-c", spec, "--json");
    const runId = /"run_id":\s*"([^"]+)"/.exec(stdout)?.[1] ?? "";
    expect(await whyKept()).toEqual([`run "${runId}" is to run it`]);
    await launch("cancel", runId);

    await liveRun("train-1");
    expect(await whyKept()).toEqual(["a run is being started here, which may use it"]);
    await liveRun("train-1", { submittedAt: longAgo });
    expect((await pruned()).images.removed).toHaveLength(1);
  });

  it("that others built from one of ours work on when ours has gone", async () => {
    age();
    const dockerfile = `FROM ${tag()}\nRUN echo child >>/mark\n`;
    execFileSync("docker", ["build", "--quiet", "--tag", others[2] ?? "", "-"], { input: dockerfile, stdio: "pipe" });
    expect((await pruned()).images.removed).toHaveLength(1);
    expect(docker("run", "--rm", others[2] ?? "", "cat", "/mark")).toBe(`${name}\nchild`);
  });
});
