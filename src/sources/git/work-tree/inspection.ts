import { lstat, realpath } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { git } from "../../../clients/git/git.ts";
import type { ObjectFormat } from "../../../clients/git/repository.ts";
import {
  type ListedEntry,
  listingWords,
  maxListingBytes,
  parseListing,
} from "../../../clients/git/objects/list-tree.ts";
import type { ScratchRepository } from "../../../clients/git/scratch-repository.ts";
import { LaunchError } from "../../../core/errors.ts";
import { realPathOf } from "../../../core/folders/real-path.ts";
import { findGitPlace, type GitPlace } from "./git-place.ts";
import { type HiddenChange, hiddenChanges, markedWords } from "./hidden-changes.ts";
import { parseRemotes, type Remotes } from "../remotes.ts";
import { makeStandIn, type StandIn } from "./stand-in.ts";
import { parseStatus, type Status } from "./status.ts";
import { checkVersion, isWholeHash } from "../version.ts";

export type Head = {
  readonly commit: string;
  readonly tree: string;
  /** Commit time, seconds since the epoch. */
  readonly time: number;
  readonly entries: readonly ListedEntry[];
};

/** All that is read of a checkout at first. */
export type Inspection = {
  readonly toplevel: string;
  /** "" at the root, else `dir/sub`. */
  readonly subdirectory: string;
  readonly format: ObjectFormat;
  readonly files: {
    readonly index: string;
    readonly objects: string;
    readonly shallow: string;
    readonly fetchHead: string;
  };
  /** Undefined when there is no commit yet. */
  readonly head: Head | undefined;
  readonly status: Status;
  /** What the status doesn't say. */
  readonly hidden: readonly HiddenChange[];
  readonly remotes: Remotes;
  readonly hasRemoteRefs: boolean;
  /** Whether some of its objects are another repository's. */
  readonly borrows: boolean;
  /** For the commands that look at the checkout's files. */
  readonly standIn: StandIn;
};

/** Of one commit; names of people, for which git would read a file of the work tree, are not asked for. */
const commitWords = ["log", "-1", "--no-mailmap", "--format=%H %T %ct"] as const;

const questions = {
  head: [...commitWords, "HEAD", "--"],
  entries: [...listingWords, "HEAD"],
  status: [
    ...["-c", "status.relativePaths=false", "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"],
    // Whether a submodule's files are as committed is asked in it: git would ask by its configuration.
    ...["--ignore-submodules=dirty", "--no-renames", "--no-ahead-behind"],
  ],
  remotes: [
    ...["config", "-z", "--get-regexp"],
    String.raw`^(remote\..*\.(url|promisor)|branch\..*\.remote|url\..*\.insteadof)$`,
  ],
  remoteRefs: ["for-each-ref", "--count=1", "refs/remotes"],
} as const;

/** Reads a checkout with processes that all run at once; undefined when the folder is in no repository. Nothing is written. */
export async function inspectCheckout(
  { directory, below }: { readonly directory: string; readonly below?: string },
  repository: ScratchRepository,
  signal: AbortSignal,
): Promise<Inspection | undefined> {
  const cwd = await realpath(directory).catch((cause: unknown) => {
    throw new LaunchError("source-failed", `the source directory ${directory} is not there`, { cause });
  });
  const there = await findGitPlace(cwd);
  if (there === undefined) return undefined;
  const { toplevel } = there;
  if (toplevel.includes("\n")) {
    throw new LaunchError("source-failed", `the path of the repository ${JSON.stringify(toplevel)} holds a newline`);
  }
  const command = {
    ...{ signal, maxOutputBytes: maxListingBytes, timeoutMs: 5 * 60_000, config: repository.settings },
    doing: `reading the repository of ${directory}`,
  };
  const standingIn = makeStandIn(there, repository);
  const ask = (args: readonly string[]) => standingIn.then((made) => git(made.request({ ...command, args }, toplevel)));
  const [head, entries, status, marked, remotes, remoteRefs] = await Promise.all([
    ask(questions.head),
    ask(questions.entries),
    ask(questions.status),
    ask(markedWords),
    standingIn.then((made) => git(made.settingsRequest({ ...command, args: questions.remotes }))),
    ask(questions.remoteRefs),
    refuseOwnerOfOther(there, { directory: cwd, signal }),
  ]);
  const standIn = await standingIn;
  await refuseFilesElsewhere(there, standIn);
  if (status.exitCode !== 0) throw unreadable(directory, status.stderr);
  const found = parseStatus(status.stdout);
  if (head.exitCode !== 0 && !found.unborn) throw unreadable(directory, head.stderr);
  const [commit, tree, time] = head.stdout.toString().trim().split(" ");
  const hasHead = head.exitCode === 0 && commit !== undefined && tree !== undefined;
  return {
    toplevel,
    subdirectory: below ?? relative(toplevel, cwd),
    format: standIn.format,
    files: filesOf(there),
    borrows: there.borrows,
    head: hasHead ? { commit, tree, time: Number(time), entries: parseListing(entries.stdout) } : undefined,
    status: found,
    hidden: await hiddenChanges({ toplevel, standIn, listed: marked.stdout }, repository, signal),
    remotes: parseRemotes(remotes.stdout.toString() + standIn.promisors),
    hasRemoteRefs: remoteRefs.stdout.length > 0,
    standIn,
  };
}

/** The same checkout as if `version` were checked out, with nothing changed; undefined when the repository hasn't got it. */
export async function inspectVersion(
  inspection: Inspection,
  version: string,
  signal: AbortSignal,
): Promise<Inspection | undefined> {
  checkVersion(version);
  const { toplevel, remotes, standIn } = inspection;
  const clean = parseStatus(Buffer.alloc(0));
  const doing = `looking for the version ${version}`;
  const ask = (args: readonly string[]) =>
    git(standIn.request({ args, doing, signal, maxOutputBytes: maxListingBytes }, toplevel));
  if (/^\w+_HEAD$/.test(version)) await standIn.takeHead(version);
  // As git looks a name up itself, then as a branch of each remote.
  for (const name of [version, ...[...remotes.urls.keys()].map((remote) => `refs/remotes/${remote}/${version}`)]) {
    const found = await ask([...commitWords, "--end-of-options", name, "--"]);
    const [commit, tree, time] = found.stdout.toString().trim().split(" ");
    if (found.exitCode !== 0 || commit === undefined || tree === undefined) continue;
    if (inspection.borrows && mayBePartOfId(version) && !(await isInHistory(inspection, commit, signal))) continue;
    const entries = await ask([...listingWords, commit]);
    const head = { commit, tree, time: Number(time), entries: parseListing(entries.stdout) };
    const branch = commit.startsWith(version.toLowerCase())
      ? undefined
      : version.replace(/^refs\/(?:heads|tags)\//, "");
    return { ...inspection, head, status: { ...clean, branch }, hidden: [] };
  }
  return undefined;
}

/** Whether git takes such a name for the beginning of an id, alone or as `git describe` writes it. */
function mayBePartOfId(version: string): boolean {
  return !isWholeHash(version) && /(?:^|-g)[0-9a-f]{4,}$/i.test(version);
}

/** Whether a ref leads to a commit: a part of an id finds those of a lender too, which may be another repository. */
async function isInHistory(
  { standIn, toplevel }: Pick<Inspection, "standIn" | "toplevel">,
  commit: string,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ["for-each-ref", "--count=1", "--contains", commit];
  const { stdout } = await git(standIn.request({ args, doing: `looking for ${commit}`, signal }, toplevel));
  return stdout.length > 0;
}

function filesOf({ gitDirectory, commonDirectory }: GitPlace): Inspection["files"] {
  return {
    index: join(gitDirectory, "index"),
    objects: join(commonDirectory, "objects"),
    shallow: join(commonDirectory, "shallow"),
    fetchHead: join(gitDirectory, "FETCH_HEAD"),
  };
}

/** Its files would be taken from wherever its configuration says. */
async function refuseFilesElsewhere({ toplevel, gitDirectory }: GitPlace, { namedWorkTree }: StandIn): Promise<void> {
  if (namedWorkTree === undefined) return;
  const named = resolve(gitDirectory, namedWorkTree);
  if (named === toplevel || (await realPathOf(named)) === toplevel) return;
  throw new LaunchError(
    "source-failed",
    `the repository of ${toplevel} has its files in ${named}, as its core.worktree says; launch from there`,
  );
}

/** git itself knows whose repositories the user trusts; it is asked where one is somebody else's. */
async function refuseOwnerOfOther(
  { toplevel, gitDirectory }: GitPlace,
  { directory, signal }: { readonly directory: string; readonly signal: AbortSignal },
): Promise<void> {
  const owners = await Promise.all([toplevel, join(toplevel, ".git"), gitDirectory].map((path) => lstat(path)));
  const self = process.geteuid?.();
  if (self === undefined || owners.every(({ uid }) => uid === self)) return;
  const doing = `reading the repository of ${directory}, which another user owns`;
  const request = { args: ["rev-parse", "--git-dir"], doing, cwd: directory, signal, timeoutMs: 10_000 };
  const { exitCode, stderr } = await git(request);
  if (exitCode !== 0) throw unreadable(directory, stderr);
}

function unreadable(directory: string, stderr: string): LaunchError {
  const said = stderr.trim().split("\n");
  return new LaunchError("source-failed", `the repository of ${directory} could not be read: ${said[0] ?? ""}`, {
    detail: said.slice(1),
  });
}
