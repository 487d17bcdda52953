import { copyFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { git, gitOrThrow } from "../../clients/git/git.ts";
import { type ScratchRepository, scratchGit, writingTo } from "../../clients/git/scratch-repository.ts";
import { isFileMissing, LaunchError } from "../../core/errors.ts";
import type { Inspection } from "./inspection.ts";

/** Settings under which an index is written: one file, nothing remembered for later, nothing said about line ends. */
const plainIndex = [
  "core.splitIndex=false",
  "core.untrackedCache=false",
  "core.fsmonitor=false",
  "core.safecrlf=false",
];

/**
 * The tree of HEAD with all tracked changes, and with these untracked files: what `git commit -a` would make. It works on a
 * copy of the user's index, so unchanged files are known by their stat data and not read again, and writes objects to
 * the scratch repository. Files are stored as the user's attributes and filters say, as a commit would.
 */
export async function treeOfWorkingTree(
  repository: ScratchRepository,
  { inspection, untracked }: { readonly inspection: Inspection; readonly untracked: readonly string[] },
  signal: AbortSignal,
): Promise<string> {
  const { toplevel: cwd, files, status } = inspection;
  const index = join(repository.directory, "work-tree-index");
  const env = { ...writingTo(repository, files.objects), GIT_INDEX_FILE: index };
  await copyIndex(files.index, index);
  const paths = [...status.changed, ...untracked];
  if (paths.length > 0) {
    const settings = plainIndex.flatMap((setting) => ["-c", setting]);
    const result = await git({
      args: [...settings, "-c", "core.fsync=none", "update-index", "--add", "--remove", "--replace", "-z", "--stdin"],
      doing: "hashing the changed files",
      config: repository.settings,
      cwd,
      signal,
      env,
      input: Buffer.from(paths.join("\0"), "latin1"),
      timeoutMs: 10 * 60_000,
    });
    if (result.exitCode !== 0) throw notTaken(result.stderr);
  }
  const output = await gitOrThrow(
    { args: ["write-tree"], doing: "hashing the working tree", cwd, signal, env },
    "source-failed",
  );
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

/** The tree of a folder that is in no repository: every file that its .gitignore files don't name, byte for byte. */
export async function treeOfFolder(
  repository: ScratchRepository,
  directory: string,
  signal: AbortSignal,
): Promise<string> {
  const env = { GIT_WORK_TREE: directory, GIT_INDEX_FILE: join(repository.directory, "folder-index") };
  const command = { signal, cwd: directory, env, timeoutMs: 10 * 60_000 };
  await scratchGit(repository, {
    ...command,
    args: ["-c", "core.bare=false", "-c", "advice.addEmbeddedRepo=false", "add", "--all", "--", "."],
    doing: `hashing the files of ${directory}`,
  });
  const output = await scratchGit(repository, { ...command, args: ["write-tree"], doing: `hashing ${directory}` });
  return output.toString().trim();
}

function notTaken(stderr: string): LaunchError {
  const said = stderr.trim().split("\n");
  return new LaunchError("source-failed", `the changed files could not be taken: ${said[0] ?? ""}`, {
    detail: said.slice(1, 10),
  });
}
