import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  snapshot,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../../support/git/git-server.ts";
import { checkoutOf, exported, resolveSource } from "../../../support/launch/source.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let server: GitServer;
let outer: TestRepository;

/** outer has deps/middle (by a relative URL), which has inner. */
beforeEach(async () => {
  folder = temporaryFolder();
  for (const name of ["inner", "middle", "outer"]) folder.bare(`served/${name}.git`);
  server = await startGitServer({ root: join(folder.path, "served") });
  const inner = folder.clone(join(folder.path, "served/inner.git"), "inner");
  inner.commit("inner", { "inner.txt": "inner\n" });
  inner.git("push", "--quiet", "origin", "HEAD:main");
  const middle = folder.clone(join(folder.path, "served/middle.git"), "middle");
  middle.git("submodule", "--quiet", "add", "../inner.git", "inner");
  middle.commit("middle", { "middle.txt": "middle\n" });
  middle.git("push", "--quiet", "origin", "HEAD:main");
  outer = folder.clone(join(folder.path, "served/outer.git"), "outer");
  outer.git("submodule", "--quiet", "add", "../middle.git", "deps/middle");
  outer.commit("outer", { "main.py": "1\n" });
  outer.git("push", "--quiet", "origin", "HEAD:main");
  outer.git("submodule", "--quiet", "update", "--init", "--recursive");
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

const all = [
  ".gitmodules",
  "deps/middle/.gitmodules",
  "deps/middle/inner/inner.txt",
  "deps/middle/middle.txt",
  "main.py",
];

describe("submodules of a checkout", () => {
  test("come from their own repositories, more than one level deep, and each commit is recorded", async () => {
    const before = snapshot(outer.directory);
    const { source, warnings } = await resolveSource(folder, checkoutOf(outer.directory));
    expect(warnings).toEqual([]);
    expect(await source.paths(signal)).toEqual(all);
    expect(source.provenance.submodules).toEqual([
      { path: "deps/middle", commit: outer.git("rev-parse", "HEAD:deps/middle") },
      { path: "deps/middle/inner", commit: outer.git("-C", "deps/middle", "rev-parse", "HEAD:inner") },
    ]);
    const target = await exported(folder, source);
    expect(readFileSync(join(target, "deps/middle/inner/inner.txt"), "utf8")).toBe("inner\n");
    expect(Object.keys(snapshot(target)).filter((path) => /(?:^|\/)\.git$/.test(path))).toEqual([]);
    expect(snapshot(outer.directory)).toEqual(before);
  });

  test("with changes of their own, or at another commit, are taken as recorded, with a warning", async () => {
    const inMiddle = (...args: readonly string[]): string => outer.git("-C", "deps/middle", ...args);
    outer.write({ "deps/middle/middle.txt": "dirty\n" });
    const dirty = await resolveSource(folder, checkoutOf(outer.directory));
    expect(dirty.warnings).toEqual([expect.stringContaining("deps/middle has changes of its own")]);
    expect((await dirty.source.readFile("deps/middle/middle.txt", signal))?.toString()).toBe("middle\n");
    inMiddle("commit", "--quiet", "--all", "--message", "later");
    const moved = await resolveSource(folder, checkoutOf(outer.directory));
    expect(moved.warnings).toEqual([expect.stringContaining("deps/middle is at another commit")]);
    expect((await moved.source.readFile("deps/middle/middle.txt", signal))?.toString()).toBe("middle\n");
    outer.git("add", "deps/middle");
    const staged = await resolveSource(folder, checkoutOf(outer.directory));
    expect((await staged.source.readFile("deps/middle/middle.txt", signal))?.toString()).toBe("dirty\n");
    expect(staged.source.provenance.patch?.files).toEqual(["deps/middle"]);
  });

  test("that are not checked out are left out with a warning, and the tree's hash says so", async () => {
    const bare = folder.clone(join(folder.path, "served/outer.git"), "shallow");
    const { source, warnings } = await resolveSource(folder, checkoutOf(bare.directory));
    expect(warnings).toEqual([expect.stringContaining("deps/middle is not checked out")]);
    expect(await source.paths(signal)).toEqual([".gitmodules", "main.py"]);
    expect(existsSync(join(await exported(folder, source), "main.py"))).toBe(true);
    const whole = await resolveSource(folder, checkoutOf(outer.directory));
    expect(source.provenance.tree).not.toBe(whole.source.provenance.tree);
    expect(source.provenance.commit).toBe(whole.source.provenance.commit);
  });
});

describe("submodules of a remote", () => {
  test("are fetched, also by relative URLs and more than one level deep, and give the checkout's tree", async () => {
    const here = await resolveSource(folder, checkoutOf(outer.directory));
    const request = { kind: "remote", url: `${server.url}/outer.git`, version: undefined } as const;
    const { source } = await resolveSource(folder, request);
    expect(await source.paths(signal)).toEqual(all);
    expect(source.provenance.submodules).toEqual(here.source.provenance.submodules);
    expect(source.provenance.tree).toBe(here.source.provenance.tree);
  });

  test("are left out where the recorded tree was made without them", async () => {
    const bare = folder.clone(join(folder.path, "served/outer.git"), "shallow");
    const here = await resolveSource(folder, checkoutOf(bare.directory));
    const { tree } = here.source.provenance;
    if (tree === undefined) throw new Error("a checkout has a tree");
    const request = { kind: "remote", url: `${server.url}/outer.git`, version: undefined, expectedTree: tree } as const;
    const { source } = await resolveSource(folder, request);
    expect(source.provenance.tree).toBe(tree);
    expect(source.provenance.submodules).toBeUndefined();
  });

  test("that can't be had fail the source by name", async () => {
    rmSync(join(folder.path, "served/inner.git"), { recursive: true });
    const request = { kind: "remote", url: `${server.url}/outer.git`, version: undefined } as const;
    await expect(resolveSource(folder, request)).rejects.toThrow("the submodule inner: the repository");
  });

  test.for([
    { name: "a path of this machine", url: (path: string) => `file://${path}/served/inner.git` },
    { name: "a remote helper", url: () => "ext::sh -c id" },
    { name: "an option", url: () => "--upload-pack=id" },
    { name: "plain http elsewhere", url: () => "http://example.org/inner.git" },
  ])("may not lead to $name", async ({ url }) => {
    const evil = folder.clone(join(folder.path, "served/outer.git"), "evil");
    evil.git("config", "--file", ".gitmodules", "submodule.deps/middle.url", url(folder.path));
    evil.commit("evil");
    evil.git("push", "--quiet", "origin", "HEAD:evil");
    const before = server.requests.length;
    const request = { kind: "remote", url: `${server.url}/outer.git`, version: "evil" } as const;
    await expect(resolveSource(folder, request)).rejects.toThrow(/the submodule deps\/middle: its URL/);
    expect(server.requests.slice(before).every(({ url: path }) => path.startsWith("/outer.git/"))).toBe(true);
  });

  test("get the token of their own host only", async () => {
    const elsewhere = await startGitServer({ root: join(folder.path, "served") });
    try {
      const split = folder.clone(join(folder.path, "served/outer.git"), "split");
      split.git("config", "--file", ".gitmodules", "submodule.deps/middle.url", `${elsewhere.url}/middle.git`);
      split.commit("split");
      split.git("push", "--quiet", "origin", "HEAD:split");
      const tokens = { [new URL(server.url).host]: "t0ken" };
      await resolveSource(folder, { kind: "remote", url: `${server.url}/outer.git`, version: "split" }, { tokens });
      expect(elsewhere.requests.length).toBeGreaterThan(0);
      expect(elsewhere.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });
});

test("repositories inside a plain folder are taken at their commits", async () => {
  const plain = folder.folder("plain");
  folder.repository("plain/inner").commit("inner", { "i.txt": "i\n" });
  const { source } = await resolveSource(folder, checkoutOf(plain));
  expect(await source.paths(signal)).toEqual(["inner/i.txt"]);
});
