import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** Commits are equal on every machine: name and time are fixed, and no user's or system's configuration is read. */
export const gitEnvironment = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  // Submodules of these repositories are on this machine. (Never a server of this very process: git runs synchronously here.)
  GIT_ALLOW_PROTOCOL: "file",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
} as const;

export type Files = Readonly<Record<string, string | Uint8Array>>;

export type TestRepository = {
  readonly directory: string;
  /** Runs git in it and returns what it printed, without the last newline. */
  git(...args: readonly string[]): string;
  write(files: Files): void;
  /** Writes files, adds everything and commits; returns the hash. */
  commit(message: string, files?: Files): string;
};

export type TemporaryFolder = {
  readonly path: string;
  /** A new empty folder in it. */
  folder(name: string): string;
  /** A repository with a branch main and no commit. */
  repository(name: string, options?: readonly string[]): TestRepository;
  /** A bare repository, as a server has it. */
  bare(name: string): TestRepository;
  clone(from: string, name: string, ...options: readonly string[]): TestRepository;
  remove(): void;
};

let clock = Date.UTC(2026, 0, 1) / 1_000;

export function gitIn(directory: string, ...args: readonly string[]): string {
  const time = `${++clock} +0000`;
  const env = { ...gitEnvironment, GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time };
  return execFileSync("git", args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"], maxBuffer: 1 << 28 })
    .toString()
    .replace(/\n$/, "");
}

export function repositoryAt(directory: string): TestRepository {
  const git = (...args: readonly string[]): string => gitIn(directory, ...args);
  const write = (files: Files): void => {
    for (const [path, content] of Object.entries(files)) {
      const target = join(directory, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  };
  return {
    directory,
    git,
    write,
    commit: (message, files = {}) => {
      write(files);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return git("rev-parse", "HEAD");
    },
  };
}

/** A folder under the system's temporary one; call `remove` at the end. */
export function temporaryFolder(): TemporaryFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "launch-test-")));
  const folder = (name: string): string => {
    mkdirSync(join(path, name), { recursive: true });
    return join(path, name);
  };
  return {
    path,
    folder,
    repository: (name, options = []) => {
      gitIn(folder(name), "init", "--quiet", "--initial-branch=main", ...options);
      return repositoryAt(join(path, name));
    },
    bare: (name) => {
      gitIn(folder(name), "init", "--quiet", "--bare", "--initial-branch=main");
      return repositoryAt(join(path, name));
    },
    clone: (from, name, ...options) => {
      gitIn(path, "clone", "--quiet", ...options, from, name);
      return repositoryAt(join(path, name));
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** All below a folder: path → mode and content hash (or link target). Two equal results mean byte-identical folders. */
export function snapshot(directory: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path);
    const mode = (lstatSync(path).mode & 0o777).toString(8);
    if (entry.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`;
    else if (entry.isFile()) found[name] = `${mode} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
    else found[name] = `folder ${mode}`;
  }
  return found;
}
