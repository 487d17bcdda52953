import { messageOf } from "../../core/errors.ts";
import { type Token, tokenText } from "../../core/token.ts";
import { git, gitOrThrow } from "./git.ts";
import { type Repository, within } from "./objects.ts";

export type Ref = { readonly name: string; readonly id: string };

/** One ref's move; undefined means that the ref isn't there before, or after. */
export type RefChange = { readonly name: string; readonly from: string | undefined; readonly to: string | undefined };

/**
 * How a change of refs went, as far as the answer says. Everything but a clean success has to be looked at: a lost race, a lock that
 * another holds and a lost answer can't be told apart by what git says.
 */
export type RefAnswer =
  | { readonly kind: "done" }
  /** `answered`: the other side has said no, as opposed to nothing. */
  | { readonly kind: "unclear"; readonly said: string; readonly answered: boolean };

export type Remote = {
  readonly url: string;
  /** For http(s): replaces whatever git would send of its own. */
  readonly token: Token | undefined;
};

/** The Authorization header for a token, as git hosts take it: any user name, with the token as password. */
export function authorizationOf(token: string): string {
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
}

/** Configuration of the calls to a remote: the token for this host alone, and then no credential helper is asked. */
export async function remoteConfig(
  { url, token }: Remote,
  signal: AbortSignal,
): Promise<readonly (readonly [string, string])[]> {
  if (token === undefined) return [];
  const text = await tokenText(token, signal);
  const key = `http.${new URL(url).origin}/.extraHeader`;
  // The empty value drops headers of the user's own configuration: hosts refuse two authorizations. Redirects are off since git would
  // send the header wherever it is sent to.
  return [
    [key, ""],
    [key, `Authorization: ${authorizationOf(text)}`],
    ["credential.helper", ""],
    ["http.followRedirects", "false"],
  ];
}

/** Without a token there is nothing to ask with: as if the remote could not be reached. */
async function configOrWhy(
  remote: Remote,
  signal: AbortSignal,
): Promise<
  { readonly entries: Awaited<ReturnType<typeof remoteConfig>> } | Extract<RefAnswer, { readonly kind: "unclear" }>
> {
  try {
    return { entries: await remoteConfig(remote, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: "unclear", said: messageOf(error), answered: false };
  }
}

/** A process that holds a ref's lock has it for milliseconds: waiting is better than failing. */
const lockPatience = ["-c", "core.filesRefLockTimeout=2000", "-c", "core.packedRefsTimeout=5000"] as const;

const remoteTimeoutMs = 120_000;

/** All refs whose names start with one of these (each a whole name, or up to a slash). */
export async function listRefs(
  repository: Repository,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<readonly Ref[]> {
  const stdout = await gitOrThrow(
    {
      args: within(repository, "for-each-ref", "--format=%(objectname) %(refname)", ...prefixes),
      doing: `listing the refs of ${repository.directory}`,
      cwd: repository.directory,
      signal,
    },
    "store-failed",
  );
  return stdout
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const space = line.indexOf(" ");
      return { id: line.slice(0, space), name: line.slice(space + 1) };
    });
}

/** Moves refs in a repository on this machine: all of them or none, each only from its expected value. */
export async function updateRefs(
  repository: Repository,
  changes: readonly RefChange[],
  signal: AbortSignal,
): Promise<RefAnswer> {
  const commands = changes.map(({ name, from, to }) => {
    if (to === undefined) return `delete ${name}\0${from ?? ""}\0`;
    return from === undefined ? `create ${name}\0${to}\0` : `update ${name}\0${to}\0${from}\0`;
  });
  const { exitCode, stderr } = await git({
    args: within(repository, ...lockPatience, "update-ref", "-z", "--stdin"),
    doing: `moving refs in ${repository.directory}`,
    cwd: repository.directory,
    input: commands.join(""),
    signal,
  });
  return exitCode === 0 ? { kind: "done" } : { kind: "unclear", said: lastLine(stderr), answered: true };
}

/** The remote's name in a push. */
const remoteName = "launch-store";

/**
 * Moves refs of a remote in one atomic push, each only from its expected value. What was pushed is kept in the repository under the same
 * names (as git does for a remote that it knows), so that its objects stay.
 */
export async function pushRefs(
  repository: Repository,
  remote: Remote,
  changes: readonly RefChange[],
  signal: AbortSignal,
): Promise<RefAnswer> {
  const config = await configOrWhy(remote, signal);
  if ("said" in config) return config;
  const leases = changes.map(({ name, from }) => `--force-with-lease=${name}:${from ?? ""}`);
  const { exitCode, stdout, stderr } = await git({
    args: within(
      repository,
      "push",
      "--atomic",
      "--porcelain",
      "--no-verify",
      "--no-follow-tags",
      "--no-signed",
      "--recurse-submodules=no",
      ...leases,
      remoteName,
      ...changes.map(({ name, to }) => `${to ?? ""}:${name}`),
    ),
    doing: `pushing to ${remote.url}`,
    cwd: repository.directory,
    config: [
      [`remote.${remoteName}.url`, remote.url],
      [`remote.${remoteName}.fetch`, "+refs/launch/*:refs/launch/*"],
      ...config.entries,
    ],
    timeoutMs: remoteTimeoutMs,
    signal,
  });
  // "=" is git's mark for a ref that needed no change, which is no proof that we changed it.
  const lines = stdout.toString().split("\n");
  const moved = lines.filter((line) => /^[ +*-]\t/.test(line)).length;
  if (exitCode === 0 && moved === changes.length) return { kind: "done" };
  return { kind: "unclear", said: lastLine(stderr), answered: lines.some((line) => line.startsWith("!\t")) };
}

/**
 * Makes the repository's refs below `prefixes` those of the remote, with their objects. The patterns go to the server (protocol v2), so
 * that its other refs are not even listed; and a pattern that matches nothing is no error.
 */
export function fetchRefs(
  repository: Repository,
  remote: Remote,
  prefixes: readonly string[],
  signal: AbortSignal,
): Promise<RefAnswer> {
  const refspecs = prefixes.map((prefix) => `+${prefix}*:${prefix}*`);
  return fetch(repository, remote, ["--prune"], refspecs, signal);
}

/** What some hundred runs bring stays in files of its own, which are read without a process. */
const unpackLimit = "fetch.unpackLimit=1000";

/** A ref's value to be fetched; `before` is an event before it that is here already. */
export type WantedTip = Ref & { readonly before?: string | undefined };

/**
 * Brings these values with their objects, and keeps them under the refs' names. Asked for by value, so that the server need not list
 * its refs; and only what is before them is offered as known: each run is a history of its own, and git would offer them all.
 */
export function fetchTips(
  repository: Repository,
  remote: Remote,
  tips: readonly WantedTip[],
  signal: AbortSignal,
): Promise<RefAnswer> {
  const known = tips.flatMap(({ before }) => (before === undefined ? [] : [`--negotiation-tip=${before}`]));
  const refspecs = tips.map(({ name, id }) => `+${id}:${name}`);
  const config = [`fetch.negotiationAlgorithm=${known.length === 0 ? "noop" : "consecutive"}`, unpackLimit];
  return fetch(repository, remote, known, refspecs, signal, config);
}

async function fetch(
  repository: Repository,
  remote: Remote,
  options: readonly string[],
  refspecs: readonly string[],
  signal: AbortSignal,
  settings: readonly string[] = [],
): Promise<RefAnswer> {
  const config = await configOrWhy(remote, signal);
  if ("said" in config) return config;
  const { exitCode, stderr } = await git({
    args: within(
      repository,
      ...lockPatience,
      "-c",
      "protocol.version=2",
      ...settings.flatMap((setting) => ["-c", setting]),
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-auto-maintenance",
      "--recurse-submodules=no",
      ...options,
      remote.url,
      ...refspecs,
    ),
    doing: `fetching from ${remote.url}`,
    cwd: repository.directory,
    config: config.entries,
    timeoutMs: remoteTimeoutMs,
    signal,
  });
  return exitCode === 0 ? { kind: "done" } : { kind: "unclear", said: lastLine(stderr), answered: false };
}

/** Whether `commit` is `descendant` or an event before it. Both are in the repository. */
export async function isBefore(
  repository: Repository,
  commit: string,
  descendant: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { exitCode } = await git({
    args: within(repository, "merge-base", "--is-ancestor", commit, descendant),
    doing: `comparing commits in ${repository.directory}`,
    cwd: repository.directory,
    signal,
  });
  return exitCode === 0;
}

/** git's own words are in lines that start with "fatal:" or "error:"; hints come behind them. */
function lastLine(text: string): string {
  const lines = text.trim().split("\n");
  return (lines.findLast((line) => /^(?:fatal|error|remote):/.test(line)) ?? lines.at(-1) ?? "").trim();
}
