import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failureOf } from "../../../support/failure.ts";
import { temporaryFolder, type TemporaryFolder } from "../../../support/git/git-repository.ts";
import { checkoutOf, exported, resolveSource } from "../../../support/launch/source.ts";

/* A pipe wherever git opens a file: git waits for it, and who waits for git ends that with the pipe's name. */

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

type Made = { readonly directory: string; readonly objects: Readonly<Record<"commit" | "blob", string>> };

function project(name: string): Made {
  const repository = folder.repository(name);
  repository.commit("first", { "main.py": `print("${name}")\n`, "deep/er/data.txt": "1\n" });
  const fileOf = (id: string): string => join(".git/objects", id.slice(0, 2), id.slice(2));
  const [commit, blob] = ["HEAD", "HEAD:main.py"].map((what) => fileOf(repository.git("rev-parse", what)));
  if (commit === undefined || blob === undefined) throw new Error("git said no id");
  return { directory: repository.directory, objects: { commit, blob } };
}

function pipeAt(path: string): string {
  rmSync(path, { force: true });
  mkdirSync(dirname(path), { recursive: true });
  execFileSync("mkfifo", [path]);
  return path;
}

test("a pipe that git opens ends the wait with its name: ignored names at the top and deep, a commit", async () => {
  const wheres: readonly ((made: Made) => string)[] = [
    () => ".gitignore",
    () => "deep/er/.gitignore",
    ({ objects }) => objects.commit,
  ];
  await Promise.all(
    wheres.map(async (where, number) => {
      const made = project(`project-${number}`);
      const pipe = pipeAt(join(made.directory, where(made)));
      const failure = await failureOf(resolveSource(folder, checkoutOf(made.directory)));
      expect(failure.message).toBe(`${pipe} is no file; remove it`);
      expect(failure.code).toBe("source-failed");
    }),
  );
});

test("so does one in a folder that is in no repository", async () => {
  const pipe = pipeAt(join(folder.folder("plain"), "sub/.gitignore"));
  const failure = await failureOf(resolveSource(folder, checkoutOf(join(folder.path, "plain"))));
  expect(failure.message).toBe(`${pipe} is no file; remove it`);
});

test("and one in the place of a file's object, when the files are written", async () => {
  const made = project("project");
  const { source } = await resolveSource(folder, checkoutOf(made.directory));
  const pipe = pipeAt(join(made.directory, made.objects.blob));
  expect((await failureOf(exported(folder, source))).message).toBe(`${pipe} is no file; remove it`);
});

test("a pipe that git doesn't open is nobody's fault, nor is one that a user's signal ends first", async () => {
  const made = project("project");
  pipeAt(join(made.directory, "deep/pipe"));
  const { source } = await resolveSource(folder, checkoutOf(made.directory, true));
  expect(await source.paths(new AbortController().signal)).toEqual(["deep/er/data.txt", "main.py"]);
  pipeAt(join(made.directory, ".gitignore"));
  const signal = AbortSignal.timeout(300);
  const failure = await failureOf(resolveSource(folder, checkoutOf(made.directory), { signal }));
  expect(failure.message).not.toContain("is no file");
});
