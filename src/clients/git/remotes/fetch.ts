import { withoutCredentials } from "../../../core/output/credentials.ts";
import { type GitConfig, wordsOf } from "../git.ts";
import { lockPatience } from "../refs.ts";
import type { Repository } from "../repository.ts";
import { type RemoteAccess, remoteGit } from "./remote-access.ts";

export type Fetch = {
  readonly access: RemoteAccess;
  /** `+<id or name>:<ref>`, or an id alone. */
  readonly refspecs: readonly string[];
  readonly options?: readonly string[];
  readonly config?: GitConfig;
  /** Of a remote that `config` names, instead of the URL. */
  readonly remoteName?: string;
  readonly timeoutMs: number;
  /** One line as git counts: "receiving objects 63 % (12.4 MB)". */
  readonly onProgress?: (detail: string) => void;
};

/** Fetches into a repository of ours: what is asked for and nothing besides. Returns what git said when it failed. */
export async function fetchInto(
  repository: Repository,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { access, refspecs, options = [], config = [], onProgress } = fetch;
  const { exitCode, stderr } = await remoteGit(repository, access, {
    args: [
      ...["fetch", onProgress === undefined ? "--quiet" : "--progress", "--no-tags", "--no-write-fetch-head"],
      ...["--no-auto-maintenance", "--recurse-submodules=no", ...options],
      ...["--", fetch.remoteName ?? access.url, ...refspecs],
    ],
    doing: `fetching from ${withoutCredentials(access.url)}`,
    config: [...lockPatience, ...config],
    signal,
    timeoutMs: fetch.timeoutMs,
    ...(onProgress === undefined ? {} : { onStderr: progressTeller(onProgress) }),
  });
  return exitCode === 0 ? undefined : wordsOf(stderr);
}

function progressTeller(onProgress: (detail: string) => void): (text: string) => void {
  return (text) => {
    const detail = progressOf(text);
    if (detail !== undefined) onProgress(detail);
  };
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
