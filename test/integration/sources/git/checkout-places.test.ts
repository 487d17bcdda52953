import { chmodSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { failureOf } from "../../../support/failure.ts";
import { startGitServer } from "../../../support/git/git-server.ts";
import {
  repositoryAt,
  snapshot,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";
import { checkoutOf, exported, resolveSource } from "../../../support/launch/source.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let server: TestRepository;
let first: TestRepository;
beforeEach(() => {
  folder = temporaryFolder();
  server = folder.bare("server.git");
  first = folder.clone(server.directory, "first");
  first.commit("one", { "main.py": "print(1)\n" });
  first.commit("two", { "main.py": "print(2)\n" });
  first.git("push", "--quiet", "origin", "HEAD:main");
});
afterEach(() => folder.remove());

/** The git commands of actions/checkout with its default depth, for a ref that it fetches into `destination`. */
function checkedOutByAction(source: string, destination: string | undefined, checkout: string): TestRepository {
  const workspace = folder.repository("workspace");
  workspace.git("remote", "add", "origin", `file://${server.directory}`);
  const refspec = destination === undefined ? source : `+${source}:${destination}`;
  const options = ["--no-tags", "--prune", "--no-recurse-submodules", "--depth=1"];
  workspace.git("-c", "protocol.version=2", "fetch", ...options, "origin", refspec);
  workspace.git("checkout", "--quiet", "--progress", "--force", ...checkout.split(" "));
  // What a real runner has as its remote.
  workspace.git("remote", "set-url", "origin", "https://github.com/team/train");
  return workspace;
}

describe("a shallow checkout made by a CI", () => {
  test.for([
    {
      name: "a branch",
      ref: "main",
      destination: "refs/remotes/origin/main",
      checkout: "-B main refs/remotes/origin/main",
    },
    {
      name: "a pull request",
      ref: "pull/7/merge",
      destination: "refs/remotes/pull/7/merge",
      checkout: "refs/remotes/pull/7/merge",
    },
    { name: "a tag", ref: "v1", destination: "refs/tags/v1", checkout: "refs/tags/v1" },
  ])("of $name is reachable, with itself as base", async ({ ref, destination, checkout }) => {
    const head = server.git("rev-parse", "main");
    const workspace = checkedOutByAction(head, destination, checkout);
    const { source } = await resolveSource(folder, checkoutOf(workspace.directory));
    expect(source.provenance).toMatchObject({ commit: head, base: head, reachable: true, ref });
    expect(source.patch).toBeUndefined();
  });

  test("of a hash, with no remote-tracking ref at all, is reachable", async () => {
    const head = server.git("rev-parse", "main");
    const workspace = checkedOutByAction(head, undefined, head);
    expect(workspace.git("for-each-ref")).toBe("");
    const { source } = await resolveSource(folder, checkoutOf(workspace.directory));
    expect(source.provenance).toMatchObject({ commit: head, base: head, reachable: true });
  });

  test("takes a commit that the job itself made as a patch onto the fetched one", async () => {
    const head = server.git("rev-parse", "main");
    const workspace = checkedOutByAction(head, undefined, head);
    const made = workspace.commit("made by the job", { "generated.txt": "g\n" });
    const { source } = await resolveSource(folder, checkoutOf(workspace.directory));
    expect(source.provenance).toMatchObject({ commit: made, base: head, reachable: true });
    expect(source.provenance.patch).toMatchObject({ files: ["generated.txt"], commits: 1 });
  });

  test("with whole history, of a hash on no branch, is known from FETCH_HEAD", async () => {
    first.git("checkout", "--quiet", "--detach");
    const lonely = first.commit("on no branch", { "x.txt": "x\n" });
    first.git("push", "--quiet", "origin", `${lonely}:refs/changes/1`);
    const clone = folder.clone(server.directory, "full");
    clone.git("fetch", "--quiet", "origin", lonely);
    clone.git("checkout", "--quiet", "--detach", lonely);
    clone.git("remote", "set-url", "origin", "https://example.org/train.git");
    const elsewhere = await resolveSource(folder, checkoutOf(clone.directory));
    // FETCH_HEAD names the old URL, which is no remote of this clone any more: then it proves nothing of the new one.
    expect(elsewhere.source.provenance).toMatchObject({ commit: lonely, base: server.git("rev-parse", "main") });
    const fetchHead = join(clone.directory, ".git/FETCH_HEAD");
    expect(readFileSync(fetchHead, "utf8")).toContain(server.directory.replace(/\.git$/, ""));
    clone.git("remote", "set-url", "origin", server.directory);
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance).toMatchObject({ commit: lonely, base: lonely });
    // A path of this machine: the base is known, and yet no other machine can get it.
    expect(source.provenance.reachable).toBe(false);
  });
});

test("a sparse checkout of a partial clone is completed from its remote, outside the user's repository", async () => {
  first.commit("folders", { "kept/a.txt": "a\n", "left-out/b.txt": "b\n" });
  first.git("push", "--quiet", "origin", "HEAD:main");
  server.git("config", "uploadpack.allowFilter", "true");
  const sparse = folder.clone(`file://${server.directory}`, "sparse", "--filter=blob:none", "--sparse");
  const before = snapshot(sparse.directory);
  const { source } = await resolveSource(folder, checkoutOf(sparse.directory));
  expect(source.patch).toBeUndefined();
  const target = await exported(folder, source);
  expect(readFileSync(join(target, "left-out/b.txt"), "utf8")).toBe("b\n");
  expect(snapshot(sparse.directory)).toEqual(before);
});

describe("which remote", () => {
  test("is named is the one that has the base", async () => {
    const fork = folder.bare("fork.git");
    const clone = folder.clone(server.directory, "clone");
    clone.git("remote", "add", "fork", fork.directory);
    const ahead = clone.commit("ahead", { "a.txt": "a\n" });
    clone.git("push", "--quiet", "fork", "HEAD:main");
    clone.git("remote", "set-url", "fork", "git@example.org:me/train.git");
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance).toMatchObject({
      base: ahead,
      repository: "git@example.org:me/train.git",
      reachable: true,
    });
  });

  test("none: the record says that it can't be had elsewhere, and changes are a patch onto HEAD", async () => {
    const alone = folder.repository("alone");
    const commit = alone.commit("one", { "main.py": "1\n" });
    alone.write({ "main.py": "2\n" });
    const { source } = await resolveSource(folder, checkoutOf(alone.directory));
    expect(source.provenance).toMatchObject({ kind: "git", commit, base: commit, reachable: false });
    expect(source.provenance.repository).toBeUndefined();
    expect(source.provenance.patch).toMatchObject({ files: ["main.py"], commits: 0 });
  });

  test("insteadOf of the user is resolved, since no other machine has it", async () => {
    const clone = folder.clone(server.directory, "clone");
    clone.git("remote", "set-url", "origin", "work:train.git");
    clone.git("config", "url.https://git.example.org/team/.insteadOf", "work:");
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance.repository).toBe("https://git.example.org/team/train.git");
  });
});

describe("a version of a checkout", () => {
  test("is that commit without the changes of the working folder, and the log says so", async () => {
    const clone = folder.clone(server.directory, "clone");
    clone.write({ "main.py": "changed\n" });
    const older = clone.git("rev-parse", "HEAD~1");
    clone.git("tag", "v1", older);
    const request = { kind: "checkout", directory: clone.directory, includeUntracked: false } as const;
    for (const version of ["v1", older, older.slice(0, 9)]) {
      const { source, infos } = await resolveSource(folder, { ...request, version });
      expect(source.provenance).toMatchObject({ commit: older, base: older });
      expect(source.patch).toBeUndefined();
      expect((await source.readFile("main.py", signal))?.toString()).toBe("print(1)\n");
      expect(infos).toEqual([expect.stringContaining("changes of the working folder are not taken")]);
    }
  });

  test("that only the remote has is fetched from it, and the folder stays", async () => {
    const host = await startGitServer({ root: folder.path });
    onTestFinished(() => host.stop());
    const clone = folder.clone(server.directory, "clone");
    clone.git("remote", "set-url", "origin", `${host.url}/server.git`);
    const later = first.commit("later", { "sub/later.py": "3\n" });
    first.git("push", "--quiet", "origin", "HEAD:refs/heads/feature/later");
    mkdirSync(join(clone.directory, "sub"));
    const directory = join(clone.directory, "sub");
    const request = { kind: "checkout", directory, includeUntracked: false, version: "feature/later" } as const;
    const before = snapshot(clone.directory);
    const { source } = await resolveSource(folder, request);
    expect(source.provenance).toMatchObject({ commit: later, ref: "feature/later", subdirectory: "sub" });
    expect(snapshot(clone.directory)).toEqual(before);
  });

  test.each(["", "file://", "../elsewhere/../"])(
    "that a folder of this machine would have is not fetched from there, as the configuration may be anybody's: %s",
    async (before) => {
      const clone = folder.clone(server.directory, "clone");
      first.commit("later", { "later.py": "3\n" });
      first.git("push", "--quiet", "origin", "HEAD:refs/heads/later");
      clone.git("remote", "set-url", "origin", `${before}${before.startsWith("..") ? "server.git" : server.directory}`);
      const request = {
        kind: "checkout",
        directory: clone.directory,
        includeUntracked: false,
        version: "later",
      } as const;
      const { message, code } = await failureOf(resolveSource(folder, request));
      expect(code).toBe("refused");
      expect(message).toContain(`git -C ${clone.directory} fetch origin gets it from there`);
      clone.git("remote", "set-url", "origin", server.directory);
      clone.git("fetch", "--quiet", "origin");
      const { source } = await resolveSource(folder, request);
      expect(await source.paths(signal)).toContain("later.py");
    },
  );

  test("that is nowhere, or would be an option or an expression, is refused by name", async () => {
    const alone = folder.repository("alone");
    alone.commit("one", { "main.py": "1\n" });
    const request = { kind: "checkout", directory: alone.directory, includeUntracked: false } as const;
    await expect(resolveSource(folder, { ...request, version: "nope" })).rejects.toThrow(
      'no branch, tag or commit "nope"',
    );
    await expect(resolveSource(folder, { ...request, version: "--all" })).rejects.toThrow("read as an option");
    await expect(resolveSource(folder, { ...request, version: "main~1" })).rejects.toThrow("no ref can hold");
  });
});

describe("where there is no commit", () => {
  test("a repository without one runs what is added", async () => {
    const fresh = folder.repository("fresh");
    fresh.write({ "main.py": "1\n", "other.py": "2\n" });
    fresh.git("add", "main.py");
    const { source, warnings } = await resolveSource(folder, checkoutOf(fresh.directory));
    expect(source.provenance).toMatchObject({ kind: "git", ref: "main", commit_time: 0, reachable: false });
    expect(source.provenance.commit).toBeUndefined();
    expect(await source.paths(signal)).toEqual(["main.py"]);
    expect(warnings).toEqual([expect.stringContaining("other.py")]);
  });

  test("a plain folder is taken whole, byte for byte, but for what its .gitignore names, and nothing is left in it", async () => {
    const plain = folder.folder("plain");
    const files = {
      ".gitignore": "data/\n",
      ".gitattributes": "*.txt text\n",
      "a.txt": "1\r\n2\r\n",
      "data/big.bin": "x",
    };
    repositoryAt(plain).write({ ...files, "bin/run": "#!/bin/sh\n" });
    chmodSync(join(plain, "bin/run"), 0o755);
    symlinkSync("a.txt", join(plain, "link"));
    const before = snapshot(plain);
    const { source } = await resolveSource(folder, checkoutOf(plain));
    expect(source.provenance).toMatchObject({ kind: "directory", commit_time: 0, reachable: false });
    expect(source.provenance.tree).toMatch(/^[0-9a-f]{40}$/);
    const after = Object.fromEntries(Object.entries(before).filter(([path]) => !path.startsWith("data")));
    expect(snapshot(await exported(folder, source))).toEqual(after);
    expect(snapshot(plain)).toEqual(before);
  });

  test("a folder that isn't there, and a bare repository, are refused in words", async () => {
    await expect(resolveSource(folder, checkoutOf(join(folder.path, "none")))).rejects.toThrow("is not there");
    await expect(resolveSource(folder, checkoutOf(server.directory))).rejects.toThrow(`file://${server.directory}`);
  });
});
