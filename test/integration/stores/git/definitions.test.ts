import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import type { DefinitionStore } from "../../../../src/stores/definition-store.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import { failureOf } from "../../../support/failure.ts";
import { gitEnvironment, gitIn, temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../../support/git/git-server.ts";

const { signal } = new AbortController();
let folder: TemporaryFolder;
let server: GitServer;
/** So many requests to push are answered by a host in trouble. */
let away: number;

beforeEach(async () => {
  folder = temporaryFolder();
  away = 0;
  server = await startGitServer({
    root: folder.folder("srv"),
    config: { "uploadpack.allowFilter": "true" },
    intercept: ({ url }) =>
      url.includes("git-receive-pack") && away-- > 0 ? { kind: "answer", status: 503 } : undefined,
  });
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

async function definitionsAt(url: string, place = "state"): Promise<DefinitionStore> {
  const context = { log: silentLog, stateDirectory: stateDirectoryAt(join(folder.path, place)) };
  const { definitions } = await openStore(parseStoreUrl(url), context);
  if (definitions === undefined) throw new Error(`${url} has no definitions`);
  return definitions;
}

/** A repository as a team has it: code, a history, and a queue that was written by hand. */
function teamRepository(): string {
  const source = folder.repository("source");
  source.commit("code", { "src/deep/train.py": "print(1)\n", ".launch/notes.md": "ours\n" });
  source.commit("queue", { ".launch/queues/gpu.yml": "resource: local-container\n" });
  folder.bare("srv/team.git");
  source.git("push", "--quiet", join(folder.path, "srv/team.git"), "main");
  return `git+${server.url}/team.git`;
}

test("a store of this machine keeps them on its branch main, each change a commit", async () => {
  const url = `git+file://${join(folder.path, "store.git")}`;
  const definitions = await definitionsAt(url);
  expect(await definitions.list(signal)).toEqual([]);

  const text = "description: for all\n";
  const written = await definitions.write({ name: "cpu", text, expected: undefined, by: "ada" }, signal);
  expect(written).toEqual({ kind: "written", path: ".launch/queues/cpu.yaml" });
  const stored = await definitions.read("cpu", signal);
  expect(stored).toMatchObject({ name: "cpu", text, path: ".launch/queues/cpu.yaml" });

  const conflict = await definitions.write({ name: "cpu", text: "{}\n", expected: undefined, by: "bob" }, signal);
  expect(conflict).toEqual({ kind: "conflict" });
  const removal = { name: "cpu", text: undefined, expected: stored?.version, by: "ada" };
  expect((await definitions.write(removal, signal)).kind).toBe("written");
  expect(await definitions.list(signal)).toEqual([]);
  const clone = folder.clone(join(folder.path, "store.git"), "clone", "--branch=main");
  expect(clone.git("log", "--format=%s").split("\n")).toEqual(["Delete queue cpu", "Create queue cpu"]);
});

test("a repository whose HEAD names a branch that isn't there keeps them on main, one after another", async () => {
  folder.bare("srv/other-head.git");
  const bare = join(folder.path, "srv/other-head.git");
  execFileSync("git", ["--git-dir", bare, "symbolic-ref", "HEAD", "refs/heads/trunk"]);
  const definitions = await definitionsAt(`git+${server.url}/other-head.git`);
  for (const name of ["cpu", "gpu"]) {
    const result = await definitions.write({ name, text: "{}\n", expected: undefined, by: "ada" }, signal);
    expect(result.kind).toBe("written");
  }
  expect((await definitions.list(signal)).map(({ name }) => name)).toEqual(["cpu", "gpu"]);
});

test("many at once read them through one cache, as jobs of one machine do", async () => {
  const url = teamRepository();
  const together = await Promise.all(Array.from({ length: 5 }, () => definitionsAt(url)));
  for (let round = 0; round < 3; round++) {
    const found = await Promise.all(together.map((definitions) => definitions.read("gpu", signal)));
    for (const stored of found) expect(stored?.text).toBe("resource: local-container\n");
    // Another commit of the branch: what is in the cache is not enough any more.
    const clone = folder.clone(join(folder.path, "srv/team.git"), `clone-${round}`);
    clone.commit("more", { [`src/more-${round}.py`]: "print(2)\n" });
    clone.git("push", "--quiet");
  }
});

test("over HTTP a change keeps all else of the branch, and neither code nor history is fetched for it", async () => {
  const url = teamRepository();
  const definitions = await definitionsAt(url);
  const [gpu] = await definitions.list(signal);
  expect(gpu).toMatchObject({ name: "gpu", path: ".launch/queues/gpu.yml", text: "resource: local-container\n" });

  const text = "resource: local-container\nlimits: {running: 2}\n";
  const written = await definitions.write({ name: "gpu", text, expected: gpu?.version, by: "ada" }, signal);
  expect(written).toEqual({ kind: "written", path: ".launch/queues/gpu.yml" });

  const clone = folder.clone(join(folder.path, "srv/team.git"), "clone");
  expect(clone.git("ls-files").split("\n")).toEqual([
    ".launch/notes.md",
    ".launch/queues/gpu.yml",
    "src/deep/train.py",
  ]);
  expect(clone.git("show", "HEAD:.launch/queues/gpu.yml")).toBe(text.trimEnd());
  expect(clone.git("rev-list", "--count", "HEAD")).toBe("3");
  clone.git("fsck", "--strict");
});

test("where nothing has changed a read is one request, and another's change is seen", async () => {
  const url = teamRepository();
  const reader = await definitionsAt(url, "reader");
  await reader.list(signal);
  const before = server.requests.length;
  await reader.read("gpu", signal);
  expect(server.requests.length - before).toBe(1);

  const writer = await definitionsAt(url, "writer");
  await writer.write({ name: "cpu", text: "{}\n", expected: undefined, by: "ada" }, signal);
  expect((await reader.list(signal)).map(({ name }) => name)).toEqual(["cpu", "gpu"]);
});

test("a branch that may not be pushed to is said to be protected, and nothing is changed", async () => {
  const url = teamRepository();
  const hook = join(folder.path, "srv/team.git/hooks/pre-receive");
  writeFileSync(hook, "#!/bin/sh\necho 'changes go by pull request' >&2\nexit 1\n");
  chmodSync(hook, 0o755);
  const definitions = await definitionsAt(url);
  const result = await definitions.write({ name: "cpu", text: "{}\n", expected: undefined, by: "ada" }, signal);
  expect(result).toMatchObject({ kind: "protected", path: ".launch/queues/cpu.yaml", branch: "main" });
  expect((await definitions.list(signal)).map(({ name }) => name)).toEqual(["gpu"]);
});

test("a host in trouble is no protected branch", async () => {
  const definitions = await definitionsAt(teamRepository());
  away = 3;
  const change = { name: "cpu", text: "{}\n", expected: undefined, by: "ada" };
  expect((await definitions.write(change, signal)).kind).toBe("written");
  away = 100;
  const later = await definitions.write({ ...change, name: "tpu" }, signal);
  expect(later).toMatchObject({ kind: "protected", said: expect.stringContaining("503") as string });
});

test("a repository with a work tree is left to its owner", async () => {
  const own = folder.repository("own");
  own.commit("code", { "train.py": "" });
  const definitions = await definitionsAt(`git+file://${own.directory}`);
  const result = await definitions.write({ name: "cpu", text: "{}\n", expected: undefined, by: "ada" }, signal);
  expect(result).toMatchObject({ kind: "protected", branch: "main" });
  expect(own.git("status", "--porcelain")).toBe("");
});

test("who may look at what was seen a moment ago asks for nothing besides its listing of the queues", async () => {
  const url = teamRepository();
  const context = { log: silentLog, stateDirectory: stateDirectoryAt(join(folder.path, "state")) };
  const store = await openStore(parseStoreUrl(url), context);
  const read = async (mayBeOldMs?: number): Promise<string | undefined> =>
    (await store.definitions?.read("gpu", signal, mayBeOldMs))?.text;
  await store.snapshot(["gpu"], signal);
  expect(await read(60_000)).toContain("local-container");
  const admin = await definitionsAt(url, "admin");
  const { version } = (await admin.read("gpu", signal)) ?? {};
  await admin.write({ name: "gpu", text: "resource: local-process\n", expected: version, by: "ada" }, signal);

  const before = server.requests.length;
  expect(await read(60_000)).toContain("local-container");
  expect(server.requests.length).toBe(before);
  expect(await read()).toContain("local-process");
  await store.snapshot(["gpu"], signal);
  const after = server.requests.length;
  expect(await read(60_000)).toContain("local-process");
  expect(server.requests.length).toBe(after);
});

test("where the branch's files can't be read nothing is written: the commit would drop them", async () => {
  const directory = join(folder.path, "store.git");
  const definitions = await definitionsAt(`git+file://${directory}`);
  const change = { name: "cpu", text: "{}\n", expected: undefined, by: "ada" };
  await definitions.write(change, signal);
  const git = (...args: readonly string[]): string => gitIn(directory, ...args);
  const before = git("rev-parse", "main");
  for (const tree of ["main^{tree}", "main:.launch", "main:.launch/queues"].map((name) => git("rev-parse", name))) {
    const file = join(directory, "objects", tree.slice(0, 2), tree.slice(2));
    const kept = readFileSync(file);
    rmSync(file);
    const other = await definitionsAt(`git+file://${directory}`);
    const { message } = await failureOf(other.write({ ...change, name: "gpu" }, signal));
    expect(message).toContain(tree);
    expect(git("rev-parse", "main")).toBe(before);
    writeFileSync(file, kept);
  }
  expect((await definitions.write({ ...change, name: "gpu" }, signal)).kind).toBe("written");
});

test("names that are no UTF-8 and modes that git no longer writes stay as they are beside a change", async () => {
  const directory = join(folder.path, "store.git");
  const definitions = await definitionsAt(`git+file://${directory}`);
  const change = { name: "cpu", text: "{}\n", expected: undefined, by: "ada" };
  await definitions.write(change, signal);
  const env = { ...gitEnvironment, GIT_DIR: directory };
  const run = (args: readonly string[], input: string | Buffer = ""): string =>
    execFileSync("git", args, { env, input, encoding: "latin1" }).trimEnd();
  const blob = run(["hash-object", "-w", "--stdin"], "old");
  const lines = [
    `100755 blob ${blob}\tcaf\xe9\n.sh`,
    `100664 blob ${blob}\tshared`,
    run(["ls-tree", "-z", "main"]).replace(/\0$/, ""),
  ];
  const tree = run(["mktree", "-z"], Buffer.from(lines.map((line) => `${line}\0`).join(""), "latin1"));
  run(["update-ref", "refs/heads/main", run(["commit-tree", "-m", "odd names", tree])]);

  expect((await definitions.write({ ...change, name: "gpu" }, signal)).kind).toBe("written");
  const others = (commit: string): readonly string[] =>
    run(["ls-tree", "-z", commit])
      .split("\0")
      .filter((line) => !line.endsWith(".launch"));
  expect(others("main")).toEqual(others("main~1"));
  expect(others("main").join()).toContain("caf\xe9\n.sh");
});
