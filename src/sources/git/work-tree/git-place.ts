import { existsSync } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { formatCommandLine } from "../../../core/command-line.ts";
import { LaunchError } from "../../../core/errors.ts";
import { realPathOf } from "../../../core/folders/real-path.ts";
import { valueIn } from "./config-file.ts";
import { checkOwnFiles } from "./own-files.ts";
import { repositoryText } from "../repository-text.ts";

/** Where a checkout has its files and its git directory, by what lies there: git itself is told by the checkout's configuration. */
export type GitPlace = {
  /** The folder that has `.git`. */
  readonly toplevel: string;
  readonly gitDirectory: string;
  /** What a linked worktree shares with the others: refs, objects, configuration. */
  readonly commonDirectory: string;
  /** Whether some of its objects are another repository's: a beginning of an id may find what nothing here names. */
  readonly borrows: boolean;
};

/**
 * The checkout that a folder is in; undefined when it is in none. Looked up by ourselves: git has one exit code for "no repository" and
 * for a repository that it may not read, and goes wherever a `.git`, or a ref in it, leads. One that leads to a repository of another folder
 * is refused: a folder that came from elsewhere would have that one's code run.
 */
export async function findGitPlace(directory: string): Promise<GitPlace | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return placeAt(at);
    if (existsSync(join(at, "objects")) && existsSync(join(at, "HEAD")) && existsSync(join(at, "refs"))) {
      throw new LaunchError(
        "source-failed",
        `${at} is a repository without a work tree; give it as a URL (file://${at}) and a version`,
      );
    }
    if (dirname(at) === at) return undefined;
  }
}

async function placeAt(toplevel: string): Promise<GitPlace> {
  const dotGit = join(toplevel, ".git");
  const gitDirectory = await gitDirectoryOf(dotGit);
  if ((await lstat(join(gitDirectory, "HEAD")).catch(() => undefined)) === undefined) {
    throw new LaunchError(
      "source-failed",
      `${gitDirectory} is no repository, since it has no HEAD; remove it, or make it one: git init`,
    );
  }
  const common = await repositoryText(join(gitDirectory, "commondir"));
  const commonDirectory = common === undefined ? gitDirectory : resolve(gitDirectory, common.trim());
  const isOwn =
    gitDirectory === dotGit
      ? common === undefined
      : common === undefined
        ? await isWorkTreeOf(gitDirectory, toplevel)
        : await isLinkedWorktree({ gitDirectory, commonDirectory, dotGit });
  if (!isOwn) throw leadsAway(toplevel, gitDirectory);
  return { toplevel, gitDirectory, commonDirectory, ...(await checkOwnFiles({ gitDirectory, commonDirectory })) };
}

/** A folder, or a file that names one. */
async function gitDirectoryOf(dotGit: string): Promise<string> {
  const stats = await lstat(dotGit);
  if (stats.isDirectory()) return dotGit;
  if (stats.isSymbolicLink() && (await realpath(dotGit)) !== dotGit && (await isFolder(dotGit)))
    return realpath(dotGit);
  const named = /^gitdir: (.+)$/m.exec((await repositoryText(dotGit)) ?? "")?.[1];
  if (named === undefined) throw new LaunchError("source-failed", `${dotGit} is neither a folder nor names one`);
  const directory = resolve(dirname(dotGit), named);
  return realpath(directory).catch((cause: unknown) => {
    throw new LaunchError("source-failed", `${dotGit} names ${directory}, which is not there`, { cause });
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(await realpath(path))).isDirectory();
}

/** A submodule's, or one made apart from its files: its configuration says whose it is. */
async function isWorkTreeOf(gitDirectory: string, toplevel: string): Promise<boolean> {
  const named = valueIn((await repositoryText(join(gitDirectory, "config"))) ?? "", "core.worktree");
  return named !== undefined && (await isSame(resolve(gitDirectory, named), toplevel));
}

/** `git worktree add` notes it on both sides. */
async function isLinkedWorktree(link: {
  readonly gitDirectory: string;
  readonly commonDirectory: string;
  readonly dotGit: string;
}): Promise<boolean> {
  const back = (await repositoryText(join(link.gitDirectory, "gitdir")))?.trim();
  const isBelow = dirname(link.gitDirectory) === join(link.commonDirectory, "worktrees");
  return back !== undefined && isBelow && (await isSame(resolve(link.gitDirectory, back), link.dotGit));
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([realPathOf(one), realPathOf(other)]);
  return first !== undefined && first === second;
}

function leadsAway(toplevel: string, gitDirectory: string): LaunchError {
  const says = formatCommandLine(["git", `--git-dir=${gitDirectory}`, "config", "core.worktree", toplevel]);
  return new LaunchError(
    "source-failed",
    `${toplevel}/.git leads to ${gitDirectory}, which doesn't lead back: it may be another folder's repository; if it is this one's, ${says} says so`,
  );
}
