import {
  chmodSync,
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { repositoryAt, snapshot, temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { checkoutOf, exported, resolveSource } from "../../../support/launch/source.ts";

const signal = new AbortController().signal;
let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** A clone of a repository on a "server", with one commit. */
function cloned(files: Readonly<Record<string, string | Uint8Array>> = { "main.py": "print(1)\n" }) {
  const server = folder.bare("server.git");
  const first = folder.clone(server.directory, "first");
  const commit = first.commit("first", files);
  first.git("push", "--quiet", "origin", "HEAD:main");
  const clone = folder.clone(server.directory, "clone");
  clone.git("remote", "set-url", "origin", "https://user:secret@example.org/team/train.git");
  return { server, clone, commit };
}

describe("an unchanged checkout", () => {
  test("is the commit and its tree, reachable, without a patch", async () => {
    const { clone, commit } = cloned();
    const { source, warnings } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance).toEqual({
      kind: "git",
      repository: "https://example.org/team/train.git",
      ref: "main",
      commit,
      base: commit,
      commit_time: Number(clone.git("log", "-1", "--format=%ct")),
      tree: clone.git("rev-parse", "HEAD^{tree}"),
      reachable: true,
    });
    expect(source.patch).toBeUndefined();
    expect(warnings).toEqual([]);
    expect(await source.paths(signal)).toEqual(["main.py"]);
    expect((await source.readFile("main.py", signal))?.toString()).toBe("print(1)\n");
    expect(await source.readFile("none.py", signal)).toBeUndefined();
  });

  test("is exported without .git, and dispose leaves nothing", async () => {
    const { clone } = cloned();
    const { source, scratch } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(Object.keys(snapshot(await exported(folder, source)))).toEqual(["main.py"]);
    await source.dispose();
    expect(snapshot(scratch)).toEqual({});
  });

  test("is never exported into a folder that holds something", async () => {
    const { clone } = cloned();
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    await expect(source.exportTo(clone.directory, signal)).rejects.toThrow("an empty folder is needed");
  });

  test("of a folder below the root names the folder and exports the whole", async () => {
    const { clone } = cloned({ "a/b/train.py": "1\n", "top.txt": "2\n" });
    const { source } = await resolveSource(folder, checkoutOf(join(clone.directory, "a/b")));
    expect(source.provenance.subdirectory).toBe("a/b");
    expect(await source.paths(signal)).toEqual(["a/b/train.py", "top.txt"]);
  });

  test("of a worktree is the worktree's own HEAD and changes", async () => {
    const { clone } = cloned();
    clone.git("worktree", "add", "--quiet", "-b", "side", join(folder.path, "side"));
    const side = repositoryAt(join(folder.path, "side"));
    side.write({ "main.py": "print(2)\n" });
    const { source } = await resolveSource(folder, checkoutOf(side.directory));
    expect(source.provenance.ref).toBe("side");
    expect(source.provenance.patch?.files).toEqual(["main.py"]);
    expect((await resolveSource(folder, checkoutOf(clone.directory))).source.patch).toBeUndefined();
  });
});

describe("local work", () => {
  const changedFiles = {
    "name with space.txt": "one\n",
    "new\nline.txt": "two\n",
    "ünï.txt": "three\n",
    "crlf.txt": "a\r\nb\r\n",
    "image.bin": Buffer.from([0, 1, 2, 255, 0, 10, 13, 0]),
    "old-name.txt": "a long enough text to be seen as the same file\nwith two lines\n",
    "gone.txt": "bye\n",
    "run.sh": "#!/bin/sh\n",
    "link-target.txt": "t\n",
  };

  function withChanges() {
    const { clone, commit } = cloned(changedFiles);
    clone.commit("local commit", { "committed.txt": "c\n" });
    clone.write({
      "name with space.txt": "one more\n",
      "new\nline.txt": "two more\n",
      "ünï.txt": "three more\n",
      "crlf.txt": "a\r\nb\r\nc\r\n",
      "image.bin": Buffer.from([9, 0, 8, 0, 255, 254]),
      "staged.txt": "staged\n",
    });
    clone.git("add", "staged.txt");
    clone.write({ "staged.txt": "staged and changed again\n" });
    clone.git("mv", "old-name.txt", "new-name.txt");
    rmSync(join(clone.directory, "gone.txt"));
    chmodSync(join(clone.directory, "run.sh"), 0o755);
    rmSync(join(clone.directory, "link-target.txt"));
    symlinkSync("name with space.txt", join(clone.directory, "link-target.txt"));
    return { clone, commit };
  }

  test("travels as one patch onto the newest commit that the remote has, and what is exported is exactly it", async () => {
    const { clone, commit } = withChanges();
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    const { provenance } = source;
    expect(provenance.base).toBe(commit);
    expect(provenance.commit).toBe(clone.git("rev-parse", "HEAD"));
    expect(provenance.reachable).toBe(true);
    expect(provenance.patch).toMatchObject({ commits: 1, bytes: source.patch?.length });
    expect([...(provenance.patch?.files ?? [])].sort()).toEqual(
      [...Object.keys(changedFiles), "committed.txt", "staged.txt", "new-name.txt"].sort(),
    );
    const target = await exported(folder, source);
    expect(readFileSync(join(target, "crlf.txt"), "latin1")).toBe("a\r\nb\r\nc\r\n");
    expect(readFileSync(join(target, "new\nline.txt"), "utf8")).toBe("two more\n");
    expect(readFileSync(join(target, "image.bin"))).toEqual(Buffer.from([9, 0, 8, 0, 255, 254]));
    expect(readFileSync(join(target, "staged.txt"), "utf8")).toBe("staged and changed again\n");
    expect(statSync(join(target, "run.sh")).mode & 0o111).toBe(0o111);
    expect(readlinkSync(join(target, "link-target.txt"))).toBe("name with space.txt");
    expect(existsSync(join(target, "gone.txt"))).toBe(false);
    await expect(source.verify?.(signal)).resolves.toBeUndefined();
    // The patch alone, applied by git itself to the base, gives the same tree as committing it all.
    clone.git("add", "--all");
    expect(provenance.tree).toBe(clone.git("write-tree"));
  });

  test("leaves the user's repository byte-identical, index included", async () => {
    const { clone } = withChanges();
    const before = snapshot(clone.directory);
    const { source } = await resolveSource(folder, checkoutOf(clone.directory, true));
    await exported(folder, source);
    await source.dispose();
    expect(snapshot(clone.directory)).toEqual(before);
  });

  test("is seen also where it left the file's size and time as the index knows them", async () => {
    const { clone } = cloned();
    const file = join(clone.directory, "main.py");
    const time = new Date("2026-01-01T00:00:00Z");
    // Only the time that can be set counts, so that it is the same second on every machine.
    clone.git("config", "core.trustctime", "false");
    utimesSync(file, time, time);
    clone.git("update-index", "--refresh");
    utimesSync(join(clone.directory, ".git/index"), time, time);
    clone.write({ "main.py": "print(2)\n" });
    utimesSync(file, time, time);
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect((await source.readFile("main.py", signal))?.toString()).toBe("print(2)\n");
  });

  test("that is reverted again makes no patch", async () => {
    const { clone } = cloned();
    clone.write({ "main.py": "print(2)\n" });
    clone.git("add", "main.py");
    clone.write({ "main.py": "print(1)\n" });
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.patch).toBeUndefined();
    expect(source.provenance.tree).toBe(clone.git("rev-parse", "HEAD^{tree}"));
  });

  test("is based on the newest of a merge's two sides that the remote has", async () => {
    const { clone, commit } = cloned();
    clone.git("checkout", "--quiet", "-b", "topic");
    clone.commit("topic", { "topic.txt": "t\n" });
    clone.git("checkout", "--quiet", "main");
    const newer = clone.commit("newer", { "newer.txt": "n\n" });
    clone.git("update-ref", "refs/remotes/origin/main", newer);
    clone.git("checkout", "--quiet", "topic");
    clone.git("merge", "--quiet", "--no-edit", "main");
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance.base).toBe(newer);
    expect(source.provenance.base).not.toBe(commit);
    expect(source.provenance.patch).toMatchObject({ files: ["topic.txt"], commits: 2 });
  });

  test("with conflicts is refused by name", async () => {
    const { clone } = cloned();
    clone.git("checkout", "--quiet", "-b", "topic");
    clone.commit("topic", { "main.py": "print(3)\n" });
    clone.git("checkout", "--quiet", "main");
    clone.commit("main", { "main.py": "print(4)\n" });
    expect(() => clone.git("merge", "--quiet", "topic")).toThrow();
    await expect(resolveSource(folder, checkoutOf(clone.directory))).rejects.toThrow("unresolved conflicts in main.py");
  });

  test("a file that became a folder, and a folder that became a file, are taken", async () => {
    const { clone } = cloned({ thing: "file\n", "dir/one.txt": "1\n" });
    rmSync(join(clone.directory, "thing"));
    clone.write({ "thing/inside.txt": "new\n" });
    renameSync(join(clone.directory, "dir/one.txt"), join(folder.path, "one.txt"));
    rmSync(join(clone.directory, "dir"), { recursive: true });
    clone.write({ dir: "now a file\n" });
    const { source } = await resolveSource(folder, checkoutOf(clone.directory, true));
    expect(await source.paths(signal)).toEqual(["dir", "thing/inside.txt"]);
  });
});

describe("untracked files", () => {
  test("are named, the first ten and how many more, and left out; ignored ones are not named", async () => {
    const { clone } = cloned({ ".gitignore": "*.log\n" });
    clone.write(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`u${String(i).padStart(2, "0")}.txt`, "u"])));
    clone.write({ "x.log": "ignored" });
    const { source, warnings } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("12 untracked files left out: u00.txt, u01.txt,");
    expect(warnings[0]).toContain("u09.txt and 2 more;");
    expect(warnings[0]).toContain("--include-untracked");
    expect(await source.paths(signal)).toEqual([".gitignore"]);
    expect(source.provenance.untracked_left_out).toHaveLength(12);
  });

  test("come in the patch with includeUntracked, whatever their names; ignored ones still don't", async () => {
    const { clone } = cloned({ ".gitignore": "*.log\n" });
    clone.write({ "ü new\nfile.txt": "u\n", "x.log": "ignored" });
    const { source, warnings } = await resolveSource(folder, checkoutOf(clone.directory, true));
    expect(warnings).toEqual([]);
    expect(source.provenance.untracked_included).toEqual(["ü new\nfile.txt"]);
    expect(source.provenance.patch?.files).toEqual(["ü new\nfile.txt"]);
    expect((await source.readFile("ü new\nfile.txt", signal))?.toString()).toBe("u\n");
  });

  test("a folder of untracked files alone is refused in words as the place to run", async () => {
    const { clone } = cloned();
    clone.write({ "exp/train.py": "1\n" });
    await expect(resolveSource(folder, checkoutOf(join(clone.directory, "exp")))).rejects.toThrow(
      'no files in its folder "exp"',
    );
    const { source } = await resolveSource(folder, checkoutOf(join(clone.directory, "exp"), true));
    expect(source.provenance.subdirectory).toBe("exp");
  });

  test("a repository inside the work tree is left out and named", async () => {
    const { clone } = cloned();
    folder.repository("clone/inner").commit("inner", { "i.txt": "i\n" });
    const { warnings } = await resolveSource(folder, checkoutOf(clone.directory, true));
    expect(warnings).toEqual([expect.stringContaining("git takes no files of another repository: inner/")]);
  });
});

describe("bytes and attributes", () => {
  test("what is exported is what git holds: no line-ending conversion, no keyword, no export-ignore", async () => {
    const { clone } = cloned({
      ".gitattributes": "*.txt text eol=crlf ident\nsecret/ export-ignore\n",
      "a.txt": "$Id$\nline\n",
      "secret/kept.txt": "kept\n",
    });
    const target = await exported(folder, (await resolveSource(folder, checkoutOf(clone.directory))).source);
    expect(readFileSync(join(target, "a.txt"), "latin1")).toBe("$Id$\nline\n");
    expect(existsSync(join(target, "secret/kept.txt"))).toBe(true);
  });

  test("LFS pointers are named and recorded, and no filter runs", async () => {
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;
    const { clone } = cloned({ "README.md": "x\n" });
    clone.commit("lfs", { ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "model.bin": pointer });
    clone.git("config", "filter.lfs.smudge", "false");
    clone.git("config", "filter.lfs.clean", "cat");
    clone.git("config", "filter.lfs.required", "true");
    const { source, warnings } = await resolveSource(folder, checkoutOf(clone.directory));
    expect(source.provenance.lfs_pointers).toEqual(["model.bin"]);
    expect(warnings).toEqual([expect.stringContaining("model.bin")]);
    const target = await exported(folder, source);
    expect(readFileSync(join(target, "model.bin"), "utf8")).toBe(pointer);
  });

  test("a symlink inside the tree is followed by readFile, one that leads out isn't", async () => {
    const { clone } = cloned({ "req/base.txt": "numpy\n" });
    symlinkSync("req/base.txt", join(clone.directory, "requirements.txt"));
    symlinkSync("/etc/hostname", join(clone.directory, "out.txt"));
    clone.commit("links");
    const { source } = await resolveSource(folder, checkoutOf(clone.directory));
    expect((await source.readFile("requirements.txt", signal))?.toString()).toBe("numpy\n");
    expect(await source.readFile("out.txt", signal)).toBeUndefined();
  });
});
