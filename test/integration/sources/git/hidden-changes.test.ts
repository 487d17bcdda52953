import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TemporaryFolder, TestRepository } from "../../../support/git/git-repository.ts";
import { gitEnvironment, snapshot, temporaryFolder } from "../../../support/git/git-repository.ts";
import { checkoutOf, resolveSource } from "../../../support/launch/source.ts";

/* Files that git was told not to look at: a run gets them as they are committed, and what differs in the folder is said. */

const signal = new AbortController().signal;
let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function committed(files: Readonly<Record<string, string>>): TestRepository {
  const repository = folder.repository("project");
  repository.commit("first", files);
  return repository;
}

const marks = ["assume-unchanged", "skip-worktree"] as const;

describe.each(marks)("a file that is marked %s", (mark) => {
  test.each([
    ["config.yaml", "config.yaml"],
    ["dir/sub/config.yaml", "dir/sub/config.yaml"],
    ["with space's.txt", String.raw`'with space'\''s.txt'`],
    ["$(id).txt", "'$(id).txt'"],
    ["ünïcode.txt", "'ünïcode.txt'"],
  ])("and changed is said, with how git sees it again, and runs as it is committed: %s", async (path, word) => {
    const repository = committed({ [path]: "lr: 0.1\n", "main.py": "1\n" });
    repository.git("update-index", `--${mark}`, path);
    writeFileSync(join(repository.directory, path), "lr: 0.2\n");
    const before = snapshot(join(repository.directory, ".git"));
    const { source, warnings } = await resolveSource(folder, checkoutOf(repository.directory));
    expect(source.patch).toBeUndefined();
    expect((await source.readFile(path, signal))?.toString()).toBe("lr: 0.1\n");
    expect(warnings.join("\n")).toContain("changes of 1 file left out, since git was told not to see them");
    const command = `git -C ${repository.directory} update-index --no-${mark} -- ${word}`;
    expect(warnings.join("\n")).toContain(`; ${command} has git see them again`);
    expect(source.provenance.marked_left_out).toEqual([path]);
    expect(snapshot(join(repository.directory, ".git"))).toEqual(before);
    const elsewhere = join(repository.directory, "elsewhere");
    mkdirSync(elsewhere);
    execFileSync("sh", ["-c", command], { cwd: elsewhere, env: gitEnvironment });
    expect(repository.git("ls-files", "-v").match(/^(?:[a-z]|S) /gm)).toBeNull();
  });

  test("and whose name can't be typed gets no command that names another file", async () => {
    const repository = committed({ "a\u001b[1m.txt": "1\n", "main.py": "1\n" });
    repository.git("update-index", `--${mark}`, "a\u001b[1m.txt");
    writeFileSync(join(repository.directory, "a\u001b[1m.txt"), "2\n");
    const { warnings } = await resolveSource(folder, checkoutOf(repository.directory));
    expect(warnings.join("\n")).toContain(`; git update-index --no-${mark} with its name has git see them again`);
  });

  test("and only touched is not said", async () => {
    const repository = committed({ "config.yaml": "lr: 0.1\n" });
    repository.git("update-index", `--${mark}`, "config.yaml");
    writeFileSync(join(repository.directory, "config.yaml"), "lr: 0.1\n");
    utimesSync(join(repository.directory, "config.yaml"), 1, 1);
    const { source, warnings } = await resolveSource(folder, checkoutOf(repository.directory));
    expect(warnings).toEqual([]);
    expect(source.provenance).not.toHaveProperty("marked_left_out");
  });

  test("and is a link or a program now is said", async () => {
    const repository = committed({ "a.sh": "1\n", "b.txt": "2\n", "c.txt": "3\n" });
    repository.git("update-index", `--${mark}`, "a.sh", "b.txt", "c.txt");
    chmodSync(join(repository.directory, "a.sh"), 0o755);
    rmSync(join(repository.directory, "b.txt"));
    symlinkSync("c.txt", join(repository.directory, "b.txt"));
    const { source } = await resolveSource(folder, checkoutOf(repository.directory));
    expect(source.provenance.marked_left_out).toEqual(["a.sh", "b.txt"]);
  });

  test("beside a change that git sees: both are told, and the patch has the one alone", async () => {
    const repository = committed({ "config.yaml": "lr: 0.1\n", "main.py": "1\n" });
    repository.git("update-index", `--${mark}`, "config.yaml");
    writeFileSync(join(repository.directory, "config.yaml"), "lr: 0.2\n");
    writeFileSync(join(repository.directory, "main.py"), "2\n");
    const { source } = await resolveSource(folder, checkoutOf(repository.directory));
    expect((await source.readFile("config.yaml", signal))?.toString()).toBe("lr: 0.1\n");
    expect((await source.readFile("main.py", signal))?.toString()).toBe("2\n");
    expect(source.provenance.marked_left_out).toEqual(["config.yaml"]);
  });

  test("is not looked at where another version is asked for", async () => {
    const repository = committed({ "config.yaml": "lr: 0.1\n" });
    repository.git("update-index", `--${mark}`, "config.yaml");
    writeFileSync(join(repository.directory, "config.yaml"), "lr: 0.2\n");
    const { source } = await resolveSource(folder, {
      kind: "checkout",
      directory: repository.directory,
      includeUntracked: false,
      version: "main",
    });
    expect(source.provenance).not.toHaveProperty("marked_left_out");
  });
});

test("one that is away counts where it is assumed unchanged, and not where it is skipped, as in a sparse checkout", async () => {
  const repository = committed({ "assumed.txt": "1\n", "skipped.txt": "2\n", "main.py": "3\n" });
  repository.git("update-index", "--assume-unchanged", "assumed.txt");
  repository.git("update-index", "--skip-worktree", "skipped.txt");
  rmSync(join(repository.directory, "assumed.txt"));
  rmSync(join(repository.directory, "skipped.txt"));
  const { source, warnings } = await resolveSource(folder, checkoutOf(repository.directory));
  expect(source.provenance.marked_left_out).toEqual(["assumed.txt"]);
  expect(warnings).toHaveLength(1);
});

test("a file of other line ends than the commit's is no change, as git sees it", async () => {
  const repository = committed({ ".gitattributes": "*.txt text eol=crlf\n", "a.txt": "1\n", "b.txt": "2\n" });
  repository.git("update-index", "--assume-unchanged", "a.txt", "b.txt");
  writeFileSync(join(repository.directory, "a.txt"), "1\r\n");
  writeFileSync(join(repository.directory, "b.txt"), "3\r\n");
  const { source } = await resolveSource(folder, checkoutOf(repository.directory));
  expect(source.provenance.marked_left_out).toEqual(["b.txt"]);
});

test("whatever is marked and changed: what is told is what differs, and what runs is what git would commit", async () => {
  const name = fc.stringMatching(/^[a-z]{1,6}(\/[a-z]{1,4}\.(py|txt))?$/);
  const file = fc.record({
    mark: fc.constantFrom("none", ...marks),
    change: fc.constantFrom("none", "content", "same size", "touched", "removed"),
  });
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, file, { minKeys: 1, maxKeys: 8 }), async (files) => {
      const paths = Object.keys(files).filter(
        (path) => !Object.keys(files).some((other) => path.startsWith(`${other}/`)),
      );
      const repository = folder.repository(`project-${number++}`);
      repository.commit("first", Object.fromEntries([...paths, "keep.me"].map((path) => [path, `of ${path}\n`])));
      const told: string[] = [];
      for (const path of paths) {
        const { mark, change } = files[path] ?? { mark: "none", change: "none" };
        const at = join(repository.directory, path);
        if (mark !== "none") repository.git("update-index", `--${mark}`, path);
        mkdirSync(dirname(at), { recursive: true });
        if (change === "content") writeFileSync(at, "another, longer\n");
        if (change === "same size") writeFileSync(at, `OF ${path}\n`);
        if (change === "touched") utimesSync(at, number, number);
        if (change === "removed") rmSync(at);
        const differs = change !== "none" && change !== "touched";
        if (differs && (mark === "assume-unchanged" || (mark === "skip-worktree" && change !== "removed")))
          told.push(path);
      }
      const { source } = await resolveSource(folder, checkoutOf(repository.directory));
      expect([...(source.provenance.marked_left_out ?? [])].sort()).toEqual(told.sort());
      for (const path of told) expect((await source.readFile(path, signal))?.toString()).toBe(`of ${path}\n`);
      await source.dispose();
    }),
    { numRuns: 25 },
  );
});
