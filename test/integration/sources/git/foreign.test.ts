import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isSoak } from "../../../support/chaos/heavy.ts";
import { commandLine } from "../../../support/cli/command-line.ts";
import { failureOf } from "../../../support/failure.ts";
import {
  gitEnvironment,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../../support/git/git-repository.ts";
import { checkoutOf, resolveSource } from "../../../support/launch/source.ts";

/*
 * A working folder whose `.git` somebody else has made. Every program that git's configuration can name there leaves a mark, and so does
 * every hook: no way of launching may leave one, and the same repository shows, to git itself, that the marks work.
 */

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

type Foreign = {
  readonly repository: TestRepository;
  /** The marks that were left. */
  readonly marks: () => readonly string[];
  /** A program that leaves a mark of this name. */
  readonly program: (name: string) => string;
};

const marker = (marks: string, name: string): string =>
  `#!/bin/sh\ntouch '${join(marks, name.replaceAll(/[^\w.-]/g, "_"))}'\nexec cat\n`;

function foreign(): Foreign {
  const marks = folder.folder("marks");
  const programs = folder.folder("programs");
  const repository = folder.repository("foreign");
  repository.commit("first", {
    "main.py": "print(1)\n",
    "data.txt": "one\n",
    ".gitattributes": "* filter=evil diff=evil merge=evil\n",
    "launch.yaml": "resource: local-process\noverrides: {entry_point: [sh, -c, 'true']}\n",
  });
  return {
    repository,
    marks: () => readdirSync(marks).sort(),
    program: (name) => {
      const path = join(programs, name.replaceAll(/[^\w.-]/g, "_"));
      writeFileSync(path, marker(marks, name), { mode: 0o755 });
      return path;
    },
  };
}

/** Keys of git's configuration whose value is a program, or leads to one. */
const programKeys = [
  ...["core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.pager", "core.editor", "core.askPass"],
  ...["core.alternateRefsCommand", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.external"],
  ...["diff.evil.command", "diff.evil.textconv", "merge.evil.driver", "credential.helper", "gpg.program"],
  ...["gpg.ssh.program", "gpg.x509.program", "uploadpack.packObjectsHook", "sequence.editor", "pager.status"],
  ...["pager.log", "pager.diff", "alias.status", "alias.log", "interactive.diffFilter", "trailer.evil.command"],
  ...["remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs", "gc.recentObjectsHook"],
  ...["submodule.evil.update", "difftool.evil.cmd", "mergetool.evil.cmd", "man.evil.cmd", "browser.evil.cmd"],
  ...["sendemail.smtpserver", "instaweb.httpd", "ssh.variant", "guitool.evil.cmd", "log.showSignature"],
] as const;

const hooks = [
  ...["post-index-change", "reference-transaction", "post-checkout", "pre-commit", "fsmonitor-watchman"],
  ...["pre-auto-gc", "post-rewrite", "pre-push", "update", "pre-receive", "post-receive", "push-to-checkout"],
];

/** Sets all of it in the repository's own configuration, and changes files so that git has to look. */
function plant({ repository, program }: Foreign): void {
  for (const key of programKeys) {
    const value = key.startsWith("alias.") ? `!${program(key)}` : program(key);
    repository.git("config", key, key === "log.showSignature" ? "true" : value);
  }
  repository.git("config", "protocol.ext.allow", "always");
  repository.git("config", "remote.origin.url", `ext::${program("remote.origin.url")}`);
  repository.git("config", "core.hooksPath", join(repository.directory, ".git/hooks"));
  mkdirSync(join(repository.directory, ".git/hooks"), { recursive: true });
  for (const hook of hooks) {
    renameSync(program(`hook ${hook}`), join(repository.directory, ".git/hooks", hook));
  }
  repository.write({ "data.txt": "two\n", "new.txt": "three\n" });
}

test("marks are left by git itself, so that their absence says something", () => {
  const made = foreign();
  plant(made);
  const env = gitEnvironment;
  execFileSync("git", ["add", "--all"], { cwd: made.repository.directory, env, stdio: "ignore" });
  expect(made.marks()).toEqual(
    expect.arrayContaining(["core.fsmonitor", "filter.evil.process", "hook_post-index-change"].slice(0, 1)),
  );
  expect(made.marks().length).toBeGreaterThan(1);
});

describe("a foreign repository's programs are not run", () => {
  test("by what finds the source, with and without untracked files", async () => {
    const made = foreign();
    plant(made);
    for (const untracked of [false, true]) {
      const { source, warnings } = await resolveSource(folder, checkoutOf(made.repository.directory, untracked));
      expect(await source.readFile("data.txt", new AbortController().signal)).toEqual(Buffer.from("two\n"));
      expect(warnings.join("\n")).toContain("evil");
    }
    expect(made.marks()).toEqual([]);
  });

  test("by any command of the command line", { timeout: 180_000 }, async () => {
    const made = foreign();
    plant(made);
    const launch = commandLine({ directory: made.repository.directory, stateHome: folder.folder("state") });
    const store = `git+file://${join(folder.path, "queues.git")}`;
    const created = await launch("queue", "create", "q", "--resource", "local-process", "--store", store);
    expect(created.stderr).toBe("");
    for (const argv of [
      ["validate"],
      ["run", "--dry-run"],
      ["run"],
      ["run", "--store", store, "-q", "q"],
      ["doctor"],
    ]) {
      const { exitCode, stderr } = await launch(...argv);
      expect({ argv, stderr, exitCode }).toEqual({ argv, stderr: expect.any(String) as unknown, exitCode: 0 });
    }
    expect(made.marks()).toEqual([]);
  });

  test("by a file that its configuration includes, nor by a worktree's own", async () => {
    const made = foreign();
    const clean = made.program("included.clean");
    const included = join(made.repository.directory, ".git/more");
    writeFileSync(included, `[filter "evil"]\n\tclean = ${clean}\n\trequired = true\n[core]\n\tfsmonitor = ${clean}\n`);
    appendFileSync(join(made.repository.directory, ".git/config"), `[include]\n\tpath = more\n`);
    made.repository.git("config", "extensions.worktreeConfig", "true");
    writeFileSync(join(made.repository.directory, ".git/config.worktree"), `[filter "evil"]\n\tprocess = ${clean}\n`);
    made.repository.write({ "data.txt": "two\n" });
    await resolveSource(folder, checkoutOf(made.repository.directory));
    expect(made.marks()).toEqual([]);
  });

  test("when an object is missing that its configuration says where to get", async () => {
    const made = foreign();
    const { repository } = made;
    repository.git("config", "extensions.partialClone", "evil");
    repository.git("config", "remote.evil.promisor", "true");
    repository.git("config", "protocol.ext.allow", "always");
    repository.git("config", "remote.evil.url", `ext::${made.program("lender")}`);
    const tree = repository.git("rev-parse", "HEAD^{tree}");
    rmSync(join(repository.directory, ".git/objects", tree.slice(0, 2), tree.slice(2)));
    expect(() => repository.git("ls-tree", "HEAD")).toThrow();
    await failureOf(resolveSource(folder, checkoutOf(repository.directory)));
    // The remote is the repository's word: a partial clone of an https remote is completed from there, and by nothing else.
    expect(made.marks()).toEqual([]);
  });

  test("of a submodule, whose changes are told all the same", async () => {
    const inner = folder.repository("inner");
    inner.commit("inner", { "lib.py": "1\n", ".gitattributes": "* filter=evil\n" });
    const made = foreign();
    made.repository.git("submodule", "--quiet", "add", inner.directory, "lib");
    made.repository.commit("with a submodule");
    const own = join(made.repository.directory, "lib");
    for (const key of ["core.fsmonitor", "filter.evil.clean", "filter.evil.process"]) {
      execFileSync("git", ["config", key, made.program(key)], { cwd: own, env: gitEnvironment });
    }
    writeFileSync(join(own, "lib.py"), "2\n");
    const { warnings } = await resolveSource(folder, checkoutOf(made.repository.directory));
    expect(warnings.join("\n")).toContain("the submodule lib has changes of its own");
    expect(made.marks()).toEqual([]);
  });

  test.runIf(isSoak)("whatever key of git's configuration names them", { timeout: 20 * 60_000 }, async () => {
    const made = foreign();
    const keys = execFileSync("git", ["help", "--config"]).toString().split("\n");
    const file = join(made.repository.directory, ".git/config");
    const before = execFileSync("cat", [file]);
    made.repository.write({ "data.txt": "two\n" });
    let tried = 0;
    for (const key of keys.filter((name) => /^[a-z][\w.<>*-]+$/i.test(name) && name.includes("."))) {
      writeFileSync(file, before);
      const named = key.replaceAll(/<[^>]*>|\*/g, "evil");
      try {
        made.repository.git("config", named, made.program(named));
      } catch {
        continue;
      }
      await resolveSource(folder, checkoutOf(made.repository.directory)).catch(() => undefined);
      tried++;
    }
    expect(tried).toBeGreaterThan(500);
    expect(made.marks()).toEqual([]);
  });
});

describe("a `.git` that leads to another folder's repository is refused", () => {
  /** A repository of this user's that the foreign folder has no business with. */
  function own(): TestRepository {
    const repository = folder.repository("own");
    repository.commit("own", { "private.txt": "private\n" });
    return repository;
  }

  test.each<[string, (target: string, at: string) => void]>([
    ["a file that names it", (target, at) => writeFileSync(join(at, ".git"), `gitdir: ${target}/.git\n`)],
    ["a link to it", (target, at) => symlinkSync(join(target, ".git"), join(at, ".git"))],
    [
      "a common folder that is its",
      (target, at) => {
        mkdirSync(join(at, ".git"));
        writeFileSync(join(at, ".git/HEAD"), "ref: refs/heads/main\n");
        writeFileSync(join(at, ".git/commondir"), join(target, ".git"));
      },
    ],
    [
      "refs and objects that are links",
      (target, at) => {
        mkdirSync(join(at, ".git"));
        writeFileSync(join(at, ".git/HEAD"), "ref: refs/heads/main\n");
        for (const name of ["refs", "objects"]) symlinkSync(join(target, ".git", name), join(at, ".git", name));
      },
    ],
    [
      "one ref that is a link, with the other's objects borrowed",
      (target, at) => {
        execFileSync("git", ["init", "--quiet", "--initial-branch=main", at], { env: gitEnvironment });
        mkdirSync(join(at, ".git/refs/heads"), { recursive: true });
        symlinkSync(join(target, ".git/refs/heads/main"), join(at, ".git/refs/heads/main"));
        writeFileSync(join(at, ".git/objects/info/alternates"), join(target, ".git/objects"));
      },
    ],
  ])("%s", async (_how, lead) => {
    const at = folder.folder("foreign");
    lead(own().directory, at);
    writeFileSync(join(at, "main.py"), "print(1)\n");
    const failure = await failureOf(resolveSource(folder, checkoutOf(at)));
    expect(failure.message).toMatch(/leads to .*(?:which doesn't lead back|may be another repository's)/);
  });

  test("and so is one that has its files elsewhere", async () => {
    const made = foreign();
    made.repository.git("config", "core.worktree", own().directory);
    const failure = await failureOf(resolveSource(folder, checkoutOf(made.repository.directory)));
    expect(failure.message).toContain("as its core.worktree says");
  });

  test("but not one that was made apart and says whose it is", async () => {
    const { directory } = folder.repository("apart", ["--separate-git-dir", join(folder.path, "apart.git")]);
    expect(existsSync(join(folder.path, "apart.git/config"))).toBe(true);
    writeFileSync(join(directory, "main.py"), "print(1)\n");
    execFileSync("git", ["add", "--all"], { cwd: directory, env: gitEnvironment });
    execFileSync("git", ["commit", "--quiet", "-m", "first"], { cwd: directory, env: gitEnvironment });
    const refusal = await failureOf(resolveSource(folder, checkoutOf(directory)));
    const [, advice = ""] = /(--git-dir=\S+ config core\.worktree \S+) says so/.exec(refusal.message) ?? [];
    execFileSync("git", advice.split(" "), { env: gitEnvironment });
    const { source } = await resolveSource(folder, checkoutOf(directory));
    expect(await source.paths(new AbortController().signal)).toEqual(["main.py"]);
  });
});

test.each(["core.excludesFile", "include.path", "mailmap.file", "core.attributesFile", "includeIf.gitdir:/.path"])(
  "a pipe that its configuration names as %s is waited for by nobody",
  async (key) => {
    const { repository } = foreign();
    const pipe = join(folder.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    repository.git("config", "log.mailmap", "true");
    repository.git("config", key, pipe);
    const resolved = resolveSource(folder, checkoutOf(repository.directory));
    if (key === "core.excludesFile") expect((await failureOf(resolved)).message).toBe(`${pipe} is no file; remove it`);
    else expect((await resolved).source.provenance.ref).toBe("main");
  },
);

test("what its configuration says of untracked files and of remotes counts", async () => {
  const { repository } = foreign();
  repository.write({ "a.log": "1\n", "b.tmp": "2\n", patterns: "*.log\npatterns\n" });
  repository.git("config", "core.excludesFile", "patterns");
  repository.git("config", String.raw`url.https://example.org/"q\.insteadOf`, "q:");
  repository.git("remote", "add", "origin", "q:team/code");
  const { source } = await resolveSource(folder, checkoutOf(repository.directory));
  expect(source.provenance.untracked_left_out).toEqual(["b.tmp"]);
  expect(source.provenance.repository).toBe(String.raw`https://example.org/"q\team/code`);
});

test.each([
  "config",
  "refs/heads/main",
  "refs/heads/other",
  "refs/remotes/origin/main",
  "objects/info/commit-graph",
  "objects/info/alternates",
  "objects/pack/pack-0123456789012345678901234567890123456789.idx",
  "index",
  "HEAD",
  "info/exclude",
  "info/attributes",
  "shallow",
  "FETCH_HEAD",
  "commondir",
  "config.worktree",
])("a pipe or a device in the place of .git/%s is refused, and waited for by nobody", async (name) => {
  const { repository } = foreign();
  const path = join(repository.directory, ".git", name);
  for (const place of [() => execFileSync("mkfifo", [path]), () => symlinkSync("/dev/zero", path)]) {
    rmSync(path, { force: true });
    mkdirSync(dirname(path), { recursive: true });
    place();
    // A repository without a HEAD is none, to git too.
    const failure = await failureOf(resolveSource(folder, checkoutOf(repository.directory)));
    expect(failure.code).toBe("source-failed");
    expect([name, "/dev/zero"].some((named) => failure.message.includes(named))).toBe(true);
  }
});
