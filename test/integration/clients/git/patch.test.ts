import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyPatch, changedPaths, diffTrees } from "../../../../src/clients/git/patch.ts";
import { createScratchRepository, type ScratchRepository } from "../../../../src/clients/git/scratch-repository.ts";
import { listTree } from "../../../../src/clients/git/objects/list-tree.ts";
import { exportTree } from "../../../../src/clients/git/temporary-index.ts";
import {
  gitIn,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
let repository: TestRepository;
let scratch: ScratchRepository;
let base: string;

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i + 1}\n`).join("");

beforeEach(async () => {
  folder = temporaryFolder();
  repository = folder.repository("repository");
  base = repository.commit("base", { "a.txt": lines(40), "b.txt": lines(40), "x.bin": Buffer.from([0, 1, 2]) });
  scratch = await createScratchRepository(join(folder.path, "scratch.git"), "sha1");
  await scratch.borrow([join(repository.directory, ".git/objects")]);
});
afterEach(() => folder.remove());

describe("a patch between two trees", () => {
  test("applies to the first and gives the second, binary files and odd whitespace included", async () => {
    const next = repository.commit("next", {
      "a.txt": lines(40).replace("line 20\n", "line 20 \t \r\n"),
      "x.bin": Buffer.from([255, 0, 254]),
      'q"uote\\.txt': "no newline at the end",
      "empty.txt": "",
    });
    const patch = await diffTrees(scratch, { base, tree: next }, signal);
    expect(await applyPatch(scratch, { base, patch }, signal)).toBe(repository.git("rev-parse", `${next}^{tree}`));
    expect(await changedPaths(scratch, { base, tree: next }, signal)).toEqual([
      "a.txt",
      "empty.txt",
      'q"uote\\.txt',
      "x.bin",
    ]);
  });

  test("is the same whatever the user's diff settings", async () => {
    const next = repository.commit("next", { "a.txt": "short\n" });
    const plain = await diffTrees(scratch, { base, tree: next }, signal);
    for (const [key, value] of [
      ["diff.noprefix", "true"],
      ["diff.external", "false"],
      ["color.ui", "always"],
      ["diff.context", "0"],
    ]) {
      gitIn(folder.path, "config", "--file", join(scratch.directory, "config"), key!, value!);
    }
    expect((await diffTrees(scratch, { base, tree: next }, signal)).toString()).toBe(plain.toString());
  });
});

describe("a patch that doesn't apply", () => {
  const failing = async (patch: string): Promise<unknown> =>
    applyPatch(scratch, { base, patch: Buffer.from(patch) }, signal).then(
      () => undefined,
      (error: unknown) => error,
    );

  test("names the file and shows the very hunk that doesn't fit", async () => {
    const other = repository.commit("other", {
      "b.txt": lines(40).replace("line 2\n", "two\n").replace("line 30\n", "thirty\n"),
    });
    const patch = (await diffTrees(scratch, { base, tree: other }, signal))
      .toString()
      .replace(" line 31\n", " line thirty-one\n");
    expect(await failing(patch)).toMatchObject({
      code: "patch-failed",
      message: expect.stringContaining("b.txt differs there") as string,
      detail: expect.arrayContaining(["-line 30", "+thirty", " line thirty-one"]) as string[],
    });
    expect(await failing(patch)).not.toMatchObject({ detail: expect.arrayContaining(["-line 2"]) as string[] });
  });

  test.for([
    ["a missing file", "--- a/none.txt\n+++ b/none.txt\n@@ -1 +1 @@\n-a\n+b\n", "none.txt"],
    ["rubbish", "this is no patch\n", "No valid patches"],
    ["a path that leaves the tree", "--- /dev/null\n+++ b/../../evil.txt\n@@ -0,0 +1 @@\n+evil\n", "evil.txt"],
    ["a path into .git", "--- /dev/null\n+++ b/.git/hooks/post-checkout\n@@ -0,0 +1 @@\n+evil\n", ".git/hooks"],
  ])("of %s is a failure in words", async ([, patch, words]) => {
    expect(await failing(patch!)).toMatchObject({
      code: "patch-failed",
      message: expect.stringContaining(words!) as string,
    });
  });
});

test("a tree with a path that leaves its folder is never exported", async () => {
  const blob = repository.git("rev-parse", "HEAD:a.txt");
  // git mktree would refuse to make it, so it is written as a raw object.
  for (const name of ["..", ".git"]) {
    const inner = hashTree([{ mode: "100644", name: "evil.txt", hash: blob }]);
    const tree = hashTree([{ mode: "40000", name, hash: inner }]);
    const target = folder.folder(`target${name}`);
    await expect(exportTree(scratch, { tree, directory: target }, signal)).rejects.toMatchObject({
      code: "source-failed",
    });
    expect(await listTree(scratch, tree, signal)).toHaveLength(1);
  }
});

function hashTree(entries: readonly { readonly mode: string; readonly name: string; readonly hash: string }[]): string {
  const content = Buffer.concat(
    entries.map(({ mode, name, hash }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(hash, "hex")])),
  );
  repository.write({ "raw-tree": content });
  return repository.git("hash-object", "--literally", "-t", "tree", "-w", "raw-tree");
}
