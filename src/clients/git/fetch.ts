import { LaunchError } from "../../core/errors.ts";
import type { CommandResult } from "../../core/process.ts";
import { withoutCredentials } from "../../core/output/redaction.ts";
import { git } from "./git.ts";
import { inScratch, type ScratchRepository } from "./repository.ts";

export type Transport = "https" | "http" | "ssh" | "file";

/** How one remote is reached. */
export type RemoteAccess = {
  /** Without a password. */
  readonly url: string;
  /** Value of an Authorization header for the URL's own host; absent: git's own credentials (helpers, ssh agent). */
  readonly authorization: string | undefined;
  /** The only protocols that git may speak for it. */
  readonly protocols: readonly Transport[];
};

export type RemoteRef = {
  readonly name: string;
  /** Of the commit, also where the ref is an annotated tag. */
  readonly hash: string;
};

export type RemoteRefs = {
  readonly refs: readonly RemoteRef[];
  /** The ref that HEAD points to, where the remote says. */
  readonly head: string | undefined;
};

/** Outcome of asking a remote: what it gave, or what git said. */
export type RemoteAnswer<T> =
  { readonly kind: "ok"; readonly value: T } | { readonly kind: "failed"; readonly said: string };

/**
 * The token goes through the environment, bound to the URL's origin, behind an empty value that clears headers from the user's
 * own configuration (two Authorization headers are refused by GitHub). With it redirects are off: git would send the header
 * to wherever a redirect leads.
 */
export function accessConfig(access: RemoteAccess): readonly (readonly [string, string])[] {
  const common = [
    ["credential.interactive", "never"],
    ["protocol.version", "2"],
    ["submodule.recurse", "false"],
  ] as const;
  if (access.authorization === undefined || access.protocols.length === 0) return common;
  const key = `http.${new URL(access.url).origin}/.extraHeader`;
  return [...common, [key, ""], [key, `Authorization: ${access.authorization}`], ["http.followRedirects", "false"]];
}

type RemoteCommand = {
  readonly args: readonly string[];
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onStderr?: (text: string) => void;
};

function remoteGit(
  repository: ScratchRepository,
  access: RemoteAccess,
  command: RemoteCommand,
): Promise<CommandResult> {
  return git({
    ...inScratch(repository, command),
    ...(command.onStderr === undefined ? {} : { onStderr: command.onStderr }),
    config: accessConfig(access),
    // Stronger than any protocol.*.allow of the user's: a URL of the remote's choosing (a submodule) can't widen it.
    env: { ...repository.env, GIT_ALLOW_PROTOCOL: access.protocols.join(":"), GIT_PROTOCOL_FROM_USER: "0" },
  });
}

/** git's own words, without the `fatal:` and without progress. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  const fatal = lines.filter((line) => /^(?:fatal|error|remote|ssh|ERROR)/.test(line));
  return withoutCredentials((fatal.length === 0 ? lines.slice(-2) : fatal.slice(0, 3)).join("; "));
}

/** Lists a remote's branches and tags (or only what `patterns` name) and where its HEAD points. */
export async function listRemote(
  repository: ScratchRepository,
  access: RemoteAccess,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<RemoteAnswer<RemoteRefs>> {
  // --heads --tags lets the server leave the rest out: big hosts keep a ref for every pull request.
  const which = patterns.length === 0 ? ["--heads", "--tags"] : [];
  const result = await remoteGit(repository, access, {
    args: ["ls-remote", "--symref", ...which, "--", access.url, ...patterns],
    doing: `listing the refs of ${withoutCredentials(access.url)}`,
    signal,
    timeoutMs: 2 * 60_000,
  });
  if (result.exitCode !== 0) return { kind: "failed", said: lastWords(result.stderr) };
  let head: string | undefined;
  const refs = new Map<string, string>();
  for (const line of result.stdout.toString().split("\n")) {
    const [value = "", name = ""] = line.split("\t");
    if (value.startsWith("ref: ")) {
      if (name === "HEAD") head = value.slice("ref: ".length);
    } else if (name !== "") {
      refs.set(name.replace(/\^\{\}$/, ""), value);
    }
  }
  return { kind: "ok", value: { head, refs: [...refs].map(([name, hash]) => ({ name, hash })) } };
}

export type FetchRequest = {
  readonly access: RemoteAccess;
  /** A whole hash or a full ref name. */
  readonly what: string;
  readonly signal: AbortSignal;
  /** One line as git counts: "receiving objects 63 % (12.4 MB)". */
  readonly onProgress: (detail: string) => void;
};

const fetchedRef = "refs/launch/fetched";

/** Fetches one commit with its files and nothing of its history; returns the commit's hash. */
export async function fetchCommit(repository: ScratchRepository, request: FetchRequest): Promise<RemoteAnswer<string>> {
  const result = await runFetch(repository, request, ["--depth=1"], [`+${request.what}:${fetchedRef}`]);
  if (result.exitCode !== 0) return { kind: "failed", said: lastWords(result.stderr) };
  return peel(repository, fetchedRef, request.signal);
}

/** Fetches all branches and tags with their history: for a server that gives out no single commit. */
export async function fetchHistory(
  repository: ScratchRepository,
  request: FetchRequest,
): Promise<RemoteAnswer<string>> {
  const all = ["+refs/heads/*:refs/launch/heads/*", "+refs/tags/*:refs/launch/tags/*"];
  const result = await runFetch(repository, request, [], all);
  if (result.exitCode !== 0) return { kind: "failed", said: lastWords(result.stderr) };
  return peel(repository, request.what, request.signal);
}

function runFetch(
  repository: ScratchRepository,
  request: FetchRequest,
  options: readonly string[],
  refspecs: readonly string[],
): Promise<CommandResult> {
  const { access, signal } = request;
  return remoteGit(repository, access, {
    args: [
      ...["fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", ...options],
      ...["--", access.url, ...refspecs],
    ],
    doing: `fetching ${withoutCredentials(access.url)}`,
    signal,
    timeoutMs: 30 * 60_000,
    onStderr: (text) => {
      const detail = progressOf(text);
      if (detail !== undefined) request.onProgress(detail);
    },
  });
}

async function peel(repository: ScratchRepository, name: string, signal: AbortSignal): Promise<RemoteAnswer<string>> {
  const result = await git(
    inScratch(repository, {
      args: ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`],
      doing: `finding the commit of ${name}`,
      signal,
    }),
  );
  if (result.exitCode === 0) return { kind: "ok", value: result.stdout.toString().trim() };
  return { kind: "failed", said: `${name} is no commit` };
}

/** The last thing that git counted in a piece of its progress output, or undefined. */
export function progressOf(text: string): string | undefined {
  const counts = [
    ...text.matchAll(
      /(Receiving objects|Unpacking objects|Resolving deltas): +(\d+)% \(\d+\/\d+\)(?:, ([\d.]+ [KMG]?i?B))?/g,
    ),
  ];
  const [, what, percent, size] = counts.at(-1) ?? [];
  if (what === undefined || percent === undefined) return undefined;
  return `${what.toLowerCase()} ${percent} %${size === undefined ? "" : ` (${size})`}`;
}

const maxRedirects = 5;

/**
 * Where a remote's URL leads on its own host (a renamed repository), found without git, since git would carry the token along.
 * Undefined when it doesn't redirect; an error when it leads to another host.
 */
export async function followRedirect(access: RemoteAccess, signal: AbortSignal): Promise<string | undefined> {
  const suffix = "/info/refs?service=git-upload-pack";
  const { origin } = new URL(access.url);
  let url = access.url;
  for (let hop = 0; hop < maxRedirects; hop++) {
    const headers = access.authorization === undefined ? {} : { authorization: access.authorization };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
    const response = await fetch(url + suffix, { headers, redirect: "manual", signal: limit }).catch(() => undefined);
    await response?.body?.cancel();
    const location = response?.headers.get("location");
    if (response === undefined || response.status < 300 || response.status >= 400 || location == null) break;
    const target = new URL(location, url + suffix);
    if (target.origin !== origin) {
      throw new LaunchError(
        "source-failed",
        `${access.url} redirects to another host (${target.host}), which must not get this host's token; use the repository's URL there`,
      );
    }
    if (!target.href.endsWith(suffix)) break;
    url = target.href.slice(0, -suffix.length);
  }
  return url === access.url ? undefined : url;
}
