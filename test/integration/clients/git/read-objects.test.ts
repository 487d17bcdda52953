import { execFileSync } from "node:child_process";
import { chmodSync, globSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readInParts, readObjects } from "../../../../src/clients/git/objects/read-objects.ts";

const signal = new AbortController().signal;

/* What git has written, loose or packed, is read as git itself reads it. */
describe.each(["sha1", "sha256"] as const)("objects of a repository with %s", (format) => {
  let directory: string;
  let commit: string;
  const git = (args: readonly string[], input = ""): string =>
    execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8", input }).trim();
  const read = (revisions: readonly string[], maxBytes = 1_000): ReturnType<typeof readObjects> =>
    readObjects({ directory, format }, { revisions, maxBytes }, signal);
  const objectFile = (revision: string): string => {
    const id = git(["rev-parse", revision]);
    return join(directory, "objects", id.slice(0, 2), id.slice(2));
  };
  const contents = async (names: readonly string[]): Promise<readonly (string | undefined)[]> =>
    (await read(names.map((name) => `${commit}:${name}`))).map((object) => object?.content.toString());

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "launch-objects-"));
    execFileSync("git", ["init", "--quiet", "--bare", `--object-format=${format}`, directory]);
    const blob = (text: string): string => git(["hash-object", "-w", "--stdin"], text);
    const folder = git(["mktree"], `100644 blob ${blob("deep")}\ttwo words\n`);
    const long = blob("x".repeat(2_000));
    const lines = [`100644 blob ${blob("{}")}\trun.json`, `100644 blob ${long}\tlong`, `040000 tree ${folder}\tfolder`];
    const tree = git(["mktree"], `${lines.join("\n")}\n`);
    const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    commit = git([...identity, "commit-tree", "-m", "one\n\ntree of words", tree]);
    git(["update-ref", "refs/heads/main", commit]);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const names = ["run.json", "folder/two words", "none", "folder/none", "run.json/none", "long"];
  const expected = ["{}", "deep", undefined, undefined, undefined, undefined];

  test("are read from their files", async () => {
    expect(globSync("pack/*.pack", { cwd: join(directory, "objects") })).toEqual([]);
    expect(await contents(names)).toEqual(expected);
    const [whole, tree] = await read([commit, `${commit}:folder`]);
    expect(whole).toMatchObject({ id: commit, type: "commit" });
    expect(whole?.content.toString()).toBe(`${git(["cat-file", "commit", commit])}\n`);
    expect(tree).toMatchObject({ id: git(["rev-parse", `${commit}:folder`]), type: "tree" });
  });

  test("are read from a pack", async () => {
    git(["gc", "--quiet", "--prune=now"]);
    expect(globSync("??/*", { cwd: join(directory, "objects") })).toEqual([]);
    expect(await contents(names)).toEqual(expected);
  });

  test("are all read, however long they are together", async () => {
    const long = 5 * 1024 * 1024;
    const ids = Array.from({ length: 18 }, (_, index) =>
      git(["hash-object", "-w", "--stdin"], `${index} `.repeat(long / 5)),
    );
    const revisions = [...ids, "0".repeat(commit.length), ids[0] ?? ""];
    const request = { revisions, maxBytes: long, each: 2 };
    const make = (objects: readonly ({ readonly id: string } | undefined)[]) => objects.map((object) => object?.id);
    const made = await readInParts({ directory, format }, { ...request, make }, signal);
    expect(made.flat()).toEqual([...ids, undefined, ids[0]]);
  });

  test("that are damaged, or not there, hide no others", async () => {
    for (const name of ["folder/two words", "long"]) {
      const file = objectFile(`${commit}:${name}`);
      chmodSync(file, 0o644);
      truncateSync(file, name === "long" ? 0 : 5);
    }
    expect(await contents(names)).toEqual(["{}", ...names.slice(1).map(() => undefined)]);
    const missing = "0".repeat(commit.length - 1) + "1";
    expect((await read([missing, `${missing}:run.json`, commit])).map((object) => object?.type)).toEqual([
      undefined,
      undefined,
      "commit",
    ]);
  });
});
