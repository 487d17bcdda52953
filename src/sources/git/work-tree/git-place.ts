import { existsSync } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { formatCommandLine } from "../../../core/command-line.ts";
import { LaunchError } from "../../../core/errors.ts";
import { realPathOf } from "../../../core/folders/real-path.ts";
import { valueIn } from "./config-file.ts";
import { repositoryText } from "../repository-text.ts";

/** Where a checkout has its files and its git directory, by what lies there: git itself is told by the checkout's configuration. */
export type GitPlace = {
  /** The folder that has `.git`. */
  readonly toplevel: string;
  readonly gitDirectory: string;
  /** What a linked worktree shares with the others: refs, objects, configuration. */
  readonly commonDirectory: string;
};

/**
 * The checkout that a folder is in; undefined when it is in none. Looked up by ourselves: git has one exit code for "no repository" and
 * for a repository that it may not read, and goes wherever a `.git` leads. One that leads to a repository of another folder is refused:
 * a folder that came from elsewhere would have that one's code run.
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
  const common = await repositoryText(join(gitDirectory, "commondir"));
  const commonDirectory = common === undefined ? gitDirectory : resolve(gitDirectory, common.trim());
  const isOwn =
    gitDirectory === dotGit
      ? common === undefined
      : common === undefined
        ? await isWorkTreeOf(gitDirectory, toplevel)
        : await isLinkedWorktree({ gitDirectory, commonDirectory, dotGit });
  if (!isOwn || !(await staysInside(gitDirectory, commonDirectory))) throw leadsAway(toplevel, gitDirectory);
  await refuseOddFiles([gitDirectory, commonDirectory]);
  return { toplevel, gitDirectory, commonDirectory };
}

/** What git itself reads by these names; a pipe in the place of one would have it wait without end. */
const readByGit = ["HEAD", "config", "index", "packed-refs", "shallow", "info/grafts", "objects/info/alternates"];

async function refuseOddFiles(directories: readonly string[]): Promise<void> {
  const paths = [...new Set(directories)].flatMap((directory) => readByGit.map((name) => join(directory, name)));
  await Promise.all(
    paths.map(async (path) => {
      const stats = await stat(path).catch(() => undefined);
      if (stats !== undefined && !stats.isFile())
        throw new LaunchError("source-failed", `${path} is no file; remove it`);
    }),
  );
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

/** The files that say which commit is checked out, and the folders that hold them, are this repository's and no links to another's. */
async function staysInside(gitDirectory: string, commonDirectory: string): Promise<boolean> {
  const head = await repositoryText(join(gitDirectory, "HEAD"));
  const ref = /^ref: (refs\/\S+)/.exec(head ?? "")?.[1];
  const common = ["refs", "packed-refs", "objects", ...(ref === undefined ? [] : [ref])];
  const paths = [[gitDirectory, "HEAD"], ...common.map((name) => [commonDirectory, name] as const)] as const;
  const inside = await Promise.all(
    paths.map(async ([folder, name]) => {
      const [root, real] = await Promise.all([realPathOf(folder), realPathOf(join(folder, name))]);
      return real === undefined || (root !== undefined && !relative(root, real).startsWith(".."));
    }),
  );
  return inside.every(Boolean);
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
