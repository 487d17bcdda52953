import { copyFile, mkdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { git, gitOrThrow } from "../../../clients/git/git.ts";
import { type ScratchRepository, scratchGit } from "../../../clients/git/scratch-repository.ts";
import { isFileMissing, LaunchError } from "../../../core/errors.ts";
import { pathOf, pinFolder } from "../../../core/folders/pinned.ts";
import { findGitPlace } from "./git-place.ts";
import type { Inspection } from "./inspection.ts";
import { takeSnapshot } from "./snapshot.ts";
import { makeStandIn, type StandIn } from "./stand-in.ts";
import { rawPath } from "./status.ts";

/** Settings under which an index is written: one file, nothing remembered for later, nothing said about line ends. */
const plainIndex = [
  "core.splitIndex=false",
  "core.untrackedCache=false",
  "core.fsmonitor=false",
  "core.safecrlf=false",
];

/**
 * The tree of HEAD with all tracked changes, and with these untracked files: what `git commit -a` would make. It works on copies of the
 * user's index and of what has changed, and writes objects to the scratch repository. Files are stored as attributes and the user's own
 * filters say, as a commit would.
 */
export async function treeOfWorkingTree(
  repository: ScratchRepository,
  { inspection, untracked }: { readonly inspection: Inspection; readonly untracked: readonly string[] },
  signal: AbortSignal,
): Promise<string> {
  const { toplevel, files, status, standIn } = inspection;
  const index = join(repository.directory, "work-tree-index");
  const copies = join(repository.directory, "work-tree");
  const paths = [...status.changed, ...untracked];
  await mkdir(copies);
  await Promise.all([copyIndex(files.index, index), takeSnapshot(toplevel, copies, { paths, signal })]);
  const ask = { signal, env: { GIT_INDEX_FILE: index } };
  if (paths.length > 0) {
    const settings = plainIndex.flatMap((setting) => ["-c", setting]);
    const request = {
      ...ask,
      args: [...settings, "-c", "core.fsync=none", "update-index", "--add", "--remove", "--replace", "-z", "--stdin"],
      doing: "hashing the changed files",
      config: repository.settings,
      input: Buffer.from(paths.join("\0"), "latin1"),
      timeoutMs: 10 * 60_000,
    };
    const result = await git(standIn.request(request, copies));
    if (result.exitCode !== 0) throw notTaken(result.stderr);
  }
  const request = standIn.request({ ...ask, args: ["write-tree"], doing: "hashing the working tree" }, copies);
  const output = await gitOrThrow(request, "source-failed");
  await rm(copies, { recursive: true });
  return output.toString().trim();
}

/**
 * Copies an index with its time. By that git knows which files may have changed within the second in which the index was written: their
 * stat data look unchanged then, and it reads them again (git's Documentation/technical/racy-git.txt).
 */
async function copyIndex(from: string, to: string): Promise<void> {
  try {
    const { atimeMs, mtimeMs } = await stat(from);
    await copyFile(from, to);
    await utimes(to, Math.floor(atimeMs / 1_000), Math.floor(mtimeMs / 1_000));
  } catch (error) {
    if (!isFileMissing(error)) throw error;
  }
}

/** A folder, below another that is the one whose path is followed. */
type FolderBelow = { readonly root: string; readonly below: string };

/** The tree of a folder that is in no repository: every file that its .gitignore files don't name, byte for byte. */
export async function treeOfFolder(
  repository: ScratchRepository,
  { root, below }: FolderBelow,
  signal: AbortSignal,
): Promise<string> {
  const directory = join(root, below);
  const prefix = below === "" ? "" : `${Buffer.from(below).toString("latin1")}/`;
  const copies = join(repository.directory, "folder");
  await mkdir(join(copies, below), { recursive: true });
  const command = {
    signal,
    env: { GIT_INDEX_FILE: join(repository.directory, "folder-index") },
    timeoutMs: 10 * 60_000,
  };
  const listed = await scratchGit(repository, {
    ...command,
    args: ["-c", "core.bare=false", "--work-tree=.", "ls-files", "-z", "--others", "--exclude-standard"],
    doing: `listing the files of ${directory}`,
    cwd: directory,
  });
  const names = listed.toString("latin1").split("\0").slice(0, -1);
  const paths = names.filter((path) => !path.endsWith("/"));
  await takeSnapshot(root, copies, { paths: paths.map((path) => prefix + path), signal });
  const repositories = names.filter((name) => name.endsWith("/")).map((name) => name.slice(0, -1));
  const embedded = await embeddedIn(repository, { root, repositories, prefix, signal });
  await scratchGit(repository, {
    ...command,
    args: [
      ...["-c", "core.bare=false", "--work-tree=.", "update-index", "--add", "--remove"],
      ...embedded.flatMap(({ path, commit }) => ["--cacheinfo", `160000,${commit},${rawPath(path)}`]),
      ...["-z", "--stdin"],
    ],
    doing: `hashing the files of ${directory}`,
    cwd: join(copies, below),
    input: Buffer.from(paths.join("\0"), "latin1"),
  });
  const output = await scratchGit(repository, { ...command, args: ["write-tree"], doing: `hashing ${directory}` });
  await rm(copies, { recursive: true });
  return output.toString().trim();
}

type Embedded = { readonly path: string; readonly commit: string };

/** Repositories of their own are taken as the commit that they have checked out, like submodules. */
async function embeddedIn(
  repository: ScratchRepository,
  asked: Pick<FolderBelow, "root"> & {
    readonly repositories: readonly string[];
    readonly prefix: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly Embedded[]> {
  const { root, repositories, prefix, signal } = asked;
  if (repositories.length === 0) return [];
  const found: Embedded[] = [];
  const pinned = await pinFolder(root);
  try {
    for (const path of repositories) {
      const folder = await pinned.openFolder(prefix + path);
      if (folder === undefined) continue;
      const directory = pathOf(folder, join(root, rawPath(prefix + path)));
      const place = await findGitPlace(directory);
      if (place?.toplevel !== directory) continue;
      const commit = await commitOf(await makeStandIn(place, repository), { directory, signal });
      if (commit !== undefined) found.push({ path, commit });
    }
  } finally {
    await pinned.close();
  }
  return found;
}

async function commitOf(
  standIn: StandIn,
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"];
  const doing = "finding the commit of a repository in the folder";
  const { exitCode, stdout } = await git(standIn.request({ args, doing, signal }, directory));
  return exitCode === 0 ? stdout.toString().trim() : undefined;
}

function notTaken(stderr: string): LaunchError {
  const said = stderr.trim().split("\n");
  return new LaunchError("source-failed", `the changed files could not be taken: ${said[0] ?? ""}`, {
    detail: said.slice(1, 10),
  });
}
