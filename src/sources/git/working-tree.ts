import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { git, gitOrThrow } from "../../clients/git/git.ts";
import { type ScratchRepository, scratchGit, writingTo } from "../../clients/git/repository.ts";
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
  inspection: Inspection,
  untracked: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const { toplevel: cwd, files, status } = inspection;
  const index = join(repository.directory, "work-tree-index");
  const env = { ...writingTo(repository, files.objects), GIT_INDEX_FILE: index };
  await copyFile(files.index, index).catch((error: unknown) => {
    if (!isFileMissing(error)) throw error;
  });
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
