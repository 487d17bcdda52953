import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SourceRequest } from "../../../../src/sources/source.ts";
import { failureOf } from "../../../support/failure.ts";
import {
  gitEnvironment,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";
import { checkoutOf, resolveSource } from "../../../support/launch/source.ts";

/* A repository that somebody else has made borrows this user's objects, and names a commit of theirs in whatever way git would follow. */

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** A repository of this user's that the foreign folder has no business with. */
function own(): TestRepository {
  const repository = folder.repository("own");
  repository.commit("own", { "private.txt": "private\n" });
  return repository;
}

describe("a commit of another repository comes in", () => {
  const versionOf = (directory: string, version: string | undefined): SourceRequest => ({
    ...{ kind: "checkout", directory, includeUntracked: false },
    ...(version === undefined ? {} : { version }),
  });

  /** A repository that borrows all objects of the user's, as anybody can write it who knows no id of theirs. */
  function borrowing(): { readonly at: string; readonly target: string } {
    const repository = folder.repository("foreign");
    repository.commit("first", { "main.py": "print(1)\n" });
    const target = own().directory;
    writeFileSync(join(repository.directory, ".git/objects/info/alternates"), `${target}/.git/objects\n`);
    return { at: repository.directory, target };
  }

  test.each<[string, string | undefined, (refs: string, at: string) => void]>([
    ["another branch", "other", (to, at) => symlinkSync(`${to}/heads/main`, join(at, ".git/refs/heads/other"))],
    ["a tag", "v1", (to, at) => symlinkSync(`${to}/heads/main`, join(at, ".git/refs/tags/v1"))],
    ["a folder of tags", "x/main", (to, at) => symlinkSync(`${to}/heads`, join(at, ".git/refs/tags/x"))],
    [
      "a remote's branch",
      undefined,
      (to, at) => {
        mkdirSync(join(at, ".git/refs/remotes/origin"), { recursive: true });
        symlinkSync(`${to}/heads/main`, join(at, ".git/refs/remotes/origin/main"));
      },
    ],
    [
      "a branch that HEAD names behind two blanks",
      "HEAD",
      (to, at) => {
        rmSync(join(at, ".git/refs/heads/main"));
        symlinkSync(`${to}/heads/main`, join(at, ".git/refs/heads/main"));
        writeFileSync(join(at, ".git/HEAD"), "ref:  refs/heads/main\n");
      },
    ],
    [
      "a branch behind another",
      undefined,
      (to, at) => {
        writeFileSync(join(at, ".git/refs/heads/main"), "ref: refs/heads/other\n");
        symlinkSync(`${to}/heads/main`, join(at, ".git/refs/heads/other"));
      },
    ],
    ["FETCH_HEAD", "FETCH_HEAD", (to, at) => symlinkSync(`${to}/heads/main`, join(at, ".git/FETCH_HEAD"))],
    ["ORIG_HEAD", "ORIG_HEAD", (to, at) => symlinkSync(`${to}/heads/main`, join(at, ".git/ORIG_HEAD"))],
    ["the packed refs", "v1", (to, at) => symlinkSync(`${to}/../packed-refs`, join(at, ".git/packed-refs"))],
    [
      "the index",
      undefined,
      (to, at) => {
        rmSync(join(at, ".git/index"));
        symlinkSync(`${to}/../index`, join(at, ".git/index"));
      },
    ],
  ])("by no link: %s", async (_what, version, link) => {
    const { at, target } = borrowing();
    execFileSync("git", ["tag", "v1"], { cwd: target, env: gitEnvironment });
    execFileSync("git", ["pack-refs", "--all", "--no-prune"], { cwd: target, env: gitEnvironment });
    link(join(target, ".git/refs"), at);
    const failure = await failureOf(resolveSource(folder, versionOf(at, version)));
    expect(failure.code).toBe("source-failed");
    expect(failure.message).toMatch(/is a link that leads to .* may be another repository's; remove it/);
  });

  test("by no part of an id either, though a whole one that is known is taken, as is every ref of its own", async () => {
    const { at, target } = borrowing();
    const [theirs, ours] = [target, at].map((cwd) =>
      execFileSync("git", ["rev-parse", "HEAD"], { cwd, env: gitEnvironment }).toString().trim(),
    );
    if (theirs === undefined || ours === undefined) throw new Error("git said no id");
    for (const version of [theirs.slice(0, 4), theirs.slice(0, 12).toUpperCase(), `v1-3-g${theirs.slice(0, 9)}`]) {
      const failure = await failureOf(resolveSource(folder, versionOf(at, version)));
      expect(failure.message).toContain("has no branch, tag or commit");
    }
    for (const [version, commit] of [
      [theirs, theirs],
      [ours.slice(0, 9), ours],
      [`v1-3-g${ours.slice(0, 9)}`, ours],
      ["main", ours],
    ] as const) {
      const { source } = await resolveSource(folder, versionOf(at, version));
      expect(source.provenance.commit).toBe(commit);
    }
  });

  test("and yet objects are shared by their user's wish, and links as git itself wrote them count", async () => {
    const original = own();
    for (const options of [["--shared"], ["--reference", original.directory]]) {
      const name = options[0]?.slice(2) ?? "";
      const clone = folder.clone(original.directory, name, ...options);
      clone.commit("more", { "more.txt": "more\n" });
      const { source } = await resolveSource(folder, checkoutOf(clone.directory));
      expect(await source.paths(new AbortController().signal)).toEqual(["more.txt", "private.txt"]);
    }
    rmSync(join(original.directory, ".git/HEAD"));
    symlinkSync("refs/heads/main", join(original.directory, ".git/HEAD"));
    const { source } = await resolveSource(folder, checkoutOf(original.directory));
    expect(source.provenance.ref).toBe("main");
  });
});
