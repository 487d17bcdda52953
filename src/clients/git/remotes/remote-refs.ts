import { messageOf } from "../../../core/errors.ts";
import { type GitConfig, wordsOf } from "../git.ts";
import { type Ref, type RefAnswer, type RefChange } from "../refs.ts";
import { type Repository, streamed } from "../repository.ts";
import { type Fetch, fetchInto } from "./fetch.ts";
import { accessTo, type Remote, type RemoteAccess, remoteGit } from "./remote-access.ts";

/* Refs of a remote, moved and brought here by git. How they are listed: ls-refs.ts. */

const timeoutMs = 120_000;

/** Without a token there is nothing to ask with: as if the remote could not be reached. */
async function accessOrWhy(
  remote: Remote,
  signal: AbortSignal,
): Promise<RemoteAccess | Extract<RefAnswer, { readonly kind: "unclear" }>> {
  try {
    return await accessTo(remote, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "unclear", said: messageOf(error), answered: false };
  }
}

/** The remote's name in a push. */
const remoteName = "launch-store";

/**
 * Moves refs of a remote in one atomic push, each only from its expected value. What was pushed is kept in the repository under the same
 * names (as git does for a remote that it knows), so that its objects stay.
 */
export async function pushRefs(
  repository: Repository,
  { remote, changes }: { readonly remote: Remote; readonly changes: readonly RefChange[] },
  signal: AbortSignal,
): Promise<RefAnswer> {
  const access = await accessOrWhy(remote, signal);
  if ("said" in access) return access;
  const leases = changes.map(({ name, from }) => `--force-with-lease=${name}:${from ?? ""}`);
  const { exitCode, stdout, stderr } = await remoteGit(repository, access, {
    args: [
      ...["push", "--atomic", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"],
      ...["--recurse-submodules=no", ...leases, remoteName],
      ...changes.map(({ name, to }) => `${to ?? ""}:${name}`),
    ],
    doing: `pushing to ${remote.url}`,
    config: [
      [`remote.${remoteName}.url`, remote.url],
      [`remote.${remoteName}.fetch`, "+refs/launch/*:refs/launch/*"],
    ],
    timeoutMs,
    signal,
  });
  // "=" is git's mark for a ref that needed no change, which is no proof that we changed it.
  const lines = stdout.toString().split("\n");
  const moved = lines.filter((line) => /^[ +*-]\t/.test(line)).length;
  if (exitCode === 0 && moved === changes.length) return { kind: "done" };
  return { kind: "unclear", said: wordsOf(stderr), answered: lines.some((line) => line.startsWith("!\t")) };
}

/**
 * Makes the repository's refs below `prefixes` those of the remote, with their objects. The patterns go to the server (protocol v2), so
 * that its other refs are not even listed; and a pattern that matches nothing is no error.
 */
export function fetchRefs(
  repository: Repository,
  { remote, prefixes }: { readonly remote: Remote; readonly prefixes: readonly string[] },
  signal: AbortSignal,
): Promise<RefAnswer> {
  const refspecs = prefixes.map((prefix) => `+${prefix}*:${prefix}*`);
  return fetchFrom(repository, { remote, refspecs, options: ["--prune"] }, signal);
}

/** What some hundred runs bring stays in files of its own, which are read without a process. */
const unpackLimit = ["fetch.unpackLimit", "1000"] as const;

/** A ref's value to be fetched; `before` is an event before it that is here already. */
export type WantedTip = Ref & { readonly before?: string | undefined };

/**
 * Brings these values with their objects, and keeps them under the refs' names. Asked for by value, so that the server need not list
 * its refs; and only what is before them is offered as known: each run is a history of its own, and git would offer them all.
 */
export function fetchTips(
  repository: Repository,
  { remote, tips }: { readonly remote: Remote; readonly tips: readonly WantedTip[] },
  signal: AbortSignal,
): Promise<RefAnswer> {
  const options = tips.flatMap(({ before }) => (before === undefined ? [] : [`--negotiation-tip=${before}`]));
  const refspecs = tips.map(({ name, id }) => `+${id}:${name}`);
  const algorithm = options.length === 0 ? "noop" : "consecutive";
  const config: GitConfig = [["fetch.negotiationAlgorithm", algorithm], unpackLimit];
  return fetchFrom(repository, { remote, refspecs, options, config }, signal);
}

async function fetchFrom(
  repository: Repository,
  { remote, ...fetch }: { readonly remote: Remote } & Pick<Fetch, "refspecs" | "options" | "config">,
  signal: AbortSignal,
): Promise<RefAnswer> {
  const access = await accessOrWhy(remote, signal);
  if ("said" in access) return access;
  const config = [...(fetch.config ?? []), streamed];
  const said = await fetchInto(repository, { ...fetch, config, access, timeoutMs }, signal);
  return said === undefined ? { kind: "done" } : { kind: "unclear", said, answered: false };
}
