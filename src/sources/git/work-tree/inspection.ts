import { realpath } from "node:fs/promises";
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
import { findGitPlace } from "./git-place.ts";
import { type HiddenChange, hiddenChanges, markedWords } from "./hidden-changes.ts";
import { parseRemotes, type Remotes } from "../remotes.ts";
import { makeStandIn, type StandIn } from "./stand-in.ts";
import { parseStatus, type Status } from "./status.ts";
import { checkVersion } from "../version.ts";

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
  /** For the commands that look at the checkout's files. */
  readonly standIn: StandIn;
};

const questions = {
  place: [
    ...["rev-parse", "--path-format=absolute", "--show-object-format", "--git-path", "index", "--git-path", "objects"],
    ...["--git-path", "shallow", "--git-path", "FETCH_HEAD", "--show-prefix", "--show-toplevel"],
  ],
  head: ["log", "-1", "--format=%H %T %ct", "HEAD", "--"],
  entries: [...listingWords, "HEAD"],
  status: [
    ...["-c", "status.relativePaths=false", "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"],
    // Whether a submodule's files are as committed is asked in it: git would ask by its configuration.
    ...["--ignore-submodules=dirty", "--no-renames", "--no-ahead-behind"],
  ],
  remotes: [
    "config",
    "-z",
    "--get-regexp",
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
  const command = {
    ...{ signal, maxOutputBytes: maxListingBytes, timeoutMs: 5 * 60_000, config: repository.settings },
    doing: `reading the repository of ${directory}`,
  };
  const ask = (args: readonly string[]) => git({ ...command, args, cwd });
  const standingIn = makeStandIn(there, repository);
  const askOf = (args: readonly string[]) =>
    standingIn.then((made) => git(made.request({ ...command, args }, toplevel)));
  const [place, head, entries, status, marked, remotes, remoteRefs] = await Promise.all([
    ask(questions.place),
    ask(questions.head),
    ask(questions.entries),
    askOf(questions.status),
    askOf(markedWords),
    ask(questions.remotes),
    ask(questions.remoteRefs),
  ]);
  if (place.exitCode !== 0) throw unreadable(directory, place.stderr);
  if (status.exitCode !== 0) throw unreadable(directory, status.stderr);
  const found = parseStatus(status.stdout);
  if (head.exitCode !== 0 && !found.unborn) throw unreadable(directory, head.stderr);
  const [commit, tree, time] = head.stdout.toString().trim().split(" ");
  const hasHead = head.exitCode === 0 && commit !== undefined && tree !== undefined;
  const asked = parsePlace(place.stdout.toString(), directory);
  if (asked.toplevel !== toplevel) throw filesElsewhere(toplevel, asked.toplevel);
  return {
    ...asked,
    ...(below === undefined ? {} : { subdirectory: below }),
    head: hasHead ? { commit, tree, time: Number(time), entries: parseListing(entries.stdout) } : undefined,
    status: found,
    hidden: await hiddenChanges({ toplevel, standIn: await standingIn, listed: marked.stdout }, repository, signal),
    remotes: parseRemotes(remotes.stdout.toString()),
    hasRemoteRefs: remoteRefs.stdout.length > 0,
    standIn: await standingIn,
  };
}

/** The same checkout as if `version` were checked out, with nothing changed; undefined when the repository hasn't got it. */
export async function inspectVersion(
  inspection: Inspection,
  version: string,
  signal: AbortSignal,
): Promise<Inspection | undefined> {
  checkVersion(version);
  const { toplevel: cwd, remotes } = inspection;
  const clean = parseStatus(Buffer.alloc(0));
  const ask = (args: readonly string[]) =>
    git({ args, doing: `looking for the version ${version}`, cwd, signal, maxOutputBytes: maxListingBytes });
  // As git looks a name up itself, then as a branch of each remote.
  for (const name of [version, ...[...remotes.urls.keys()].map((remote) => `refs/remotes/${remote}/${version}`)]) {
    const found = await ask(["log", "-1", "--no-show-signature", "--format=%H %T %ct", "--end-of-options", name, "--"]);
    const [commit, tree, time] = found.stdout.toString().trim().split(" ");
    if (found.exitCode !== 0 || commit === undefined || tree === undefined) continue;
    const entries = await ask([...listingWords, commit]);
    const head = { commit, tree, time: Number(time), entries: parseListing(entries.stdout) };
    const branch = commit.startsWith(version.toLowerCase())
      ? undefined
      : version.replace(/^refs\/(?:heads|tags)\//, "");
    return { ...inspection, head, status: { ...clean, branch }, hidden: [] };
  }
  return undefined;
}

/** Its files would be taken from wherever its configuration says. */
function filesElsewhere(toplevel: string, named: string): LaunchError {
  return new LaunchError(
    "source-failed",
    `the repository of ${toplevel} has its files in ${named}, as its core.worktree says; launch from there`,
  );
}

function unreadable(directory: string, stderr: string): LaunchError {
  const said = stderr.trim().split("\n");
  return new LaunchError("source-failed", `the repository of ${directory} could not be read: ${said[0] ?? ""}`, {
    detail: said.slice(1),
  });
}

function parsePlace(
  output: string,
  directory: string,
): Pick<Inspection, "toplevel" | "subdirectory" | "format" | "files"> {
  const lines = output.split("\n");
  const [format, index, objects, shallow, fetchHead, prefix, toplevel] = lines;
  if (
    lines.length !== 8 ||
    index === undefined ||
    objects === undefined ||
    shallow === undefined ||
    fetchHead === undefined ||
    prefix === undefined ||
    toplevel === undefined
  ) {
    throw new LaunchError("source-failed", `the path of the repository ${JSON.stringify(directory)} holds a newline`);
  }
  return {
    toplevel,
    subdirectory: prefix.replace(/\/$/, ""),
    format: format === "sha256" ? "sha256" : "sha1",
    files: { index, objects, shallow, fetchHead },
  };
}
