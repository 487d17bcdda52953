import { git, gitOrThrow } from "../../clients/git/git.ts";
import { withoutCredentials } from "../../core/output/credentials.ts";
import type { Head, Inspection } from "./work-tree/inspection.ts";
import { repositoryText } from "./repository-text.ts";
import { chooseRemote, fetchHeadName, isLocalPath, parseFetchHead } from "./remotes.ts";

/*
 * Which commits a remote has is known from three places, all of them facts about what came from it:
 *   remote-tracking refs        an ordinary clone; actions/checkout of a branch or a pull request
 *   FETCH_HEAD                  what was fetched last, by URL: actions/checkout of a hash, GitLab's and others' CI clones
 *   the list of shallow commits a commit whose parents are missing can't have been made here: actions/checkout of a tag,
 *                               any clone with --depth
 * So a CI checkout with a detached HEAD and no remote-tracking ref needs no variable of its CI to be known as reachable.
 * The base is the newest commit among the boundary between what only we have and what a remote has: with merges there are
 * several, and since the patch is a difference of trees each of them would be correct; the newest makes it small.
 */

export type Base = {
  readonly commit: string;
  /** Commits of HEAD that no remote has. */
  readonly commits: number;
  readonly repository: string | undefined;
  /** Branch or tag of HEAD. */
  readonly ref: string | undefined;
  readonly reachable: boolean;
};

export async function findBase(inspection: Inspection, head: Head, signal: AbortSignal): Promise<Base> {
  const { remotes, status, files } = inspection;
  const [urls, fetchHead, shallow, ref] = await Promise.all([
    urlsOf(inspection, signal),
    repositoryText(files.fetchHead),
    repositoryText(files.shallow),
    status.branch ?? nameOfDetached(inspection, head, signal),
  ]);
  const fetched = parseFetchHead(fetchHead ?? "").flatMap(({ hash, from }) => {
    const name = [...urls].find(([, url]) => fetchHeadName(url) === from)?.[0];
    return name === undefined ? [] : [{ hash, name }];
  });
  const cut = (shallow ?? "").split("\n").filter((line) => line !== "");
  const known = [...fetched.map(({ hash }) => hash), ...cut];
  const walk =
    inspection.hasRemoteRefs || known.length > 0
      ? await walkToRemote(inspection, { head: head.commit, known }, signal)
      : { commit: undefined, commits: 0 };
  const holders = walk.commit === undefined || urls.size < 2 ? [] : await remotesWith(inspection, walk.commit, signal);
  const name =
    chooseRemote(remotes, status.branch, holders) ??
    fetched.find(({ hash }) => hash === walk.commit)?.name ??
    chooseRemote(remotes, status.branch, [...urls.keys()]);
  const url = name === undefined ? undefined : urls.get(name);
  return {
    commit: walk.commit ?? head.commit,
    commits: walk.commit === undefined ? 0 : walk.commits,
    repository: url === undefined ? undefined : withoutCredentials(url),
    ref,
    reachable: walk.commit !== undefined && url !== undefined && !isLocalPath(url),
  };
}

/** Walks from HEAD to the first commits that a remote has. `commit` is undefined when it has none of them. */
async function walkToRemote(
  { standIn, toplevel }: Inspection,
  { head, known }: { readonly head: string; readonly known: readonly string[] },
  signal: AbortSignal,
): Promise<{ readonly commit: string | undefined; readonly commits: number }> {
  const request = {
    args: ["rev-list", "--boundary", "--timestamp", "--ignore-missing", "--stdin", head, "--not", "--remotes"],
    doing: "looking for the newest commit that a remote has",
    signal,
    input: known.map((hash) => `^${hash}\n`).join(""),
    maxOutputBytes: 512 * 1024 * 1024,
  };
  const output = await gitOrThrow(standIn.request(request, toplevel), "source-failed");
  const lines = output
    .toString()
    .split("\n")
    .filter((line) => line !== "");
  if (lines.length === 0) return { commit: head, commits: 0 };
  let newest: { readonly time: number; readonly commit: string } | undefined;
  let commits = 0;
  for (const line of lines) {
    const [time, name = ""] = line.split(" ");
    if (!name.startsWith("-")) commits++;
    else if (newest === undefined || Number(time) > newest.time) newest = { time: Number(time), commit: name.slice(1) };
  }
  return { commit: newest?.commit, commits };
}

/** Names of the remotes whose tracking refs contain a commit. */
async function remotesWith(
  { standIn, toplevel }: Inspection,
  commit: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const request = {
    args: ["for-each-ref", "--contains", commit, "--format=%(refname:lstrip=2)", "refs/remotes"],
    doing: "looking for a remote that has the commit",
    signal,
  };
  const output = await gitOrThrow(standIn.request(request, toplevel), "source-failed");
  return [
    ...new Set(
      output
        .toString()
        .split("\n")
        .map((ref) => ref.split("/")[0] ?? ""),
    ),
  ];
}

/** URLs by the remotes' names, with the user's `insteadOf` applied, since no other machine has it. */
async function urlsOf(inspection: Inspection, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { remotes, standIn } = inspection;
  if (!remotes.rewritten) return remotes.urls;
  return new Map(
    await Promise.all(
      [...remotes.urls].map(async ([name, url]): Promise<readonly [string, string]> => {
        const args = ["ls-remote", "--get-url", "--", name];
        const result = await git(standIn.settingsRequest({ args, doing: `reading the URL of ${name}`, signal }));
        return [name, result.exitCode === 0 ? result.stdout.toString().trim() : url];
      }),
    ),
  );
}

/** The tag, or the remote's branch, at a detached HEAD. */
async function nameOfDetached(inspection: Inspection, head: Head, signal: AbortSignal): Promise<string | undefined> {
  const request = {
    args: ["for-each-ref", "--points-at", head.commit, "--format=%(refname)", "refs/tags", "refs/remotes"],
    doing: "looking for the name of HEAD",
    signal,
  };
  const result = await git(inspection.standIn.request(request, inspection.toplevel));
  const refs = result.stdout.toString().split("\n");
  const tag = refs.find((ref) => ref.startsWith("refs/tags/"));
  if (tag !== undefined) return tag.slice("refs/tags/".length);
  const branch = refs.find((ref) => ref !== "" && !ref.endsWith("/HEAD"))?.slice("refs/remotes/".length);
  if (branch === undefined) return undefined;
  // actions/checkout writes refs/remotes/pull/12/merge, which belongs to no remote by name.
  const remote = branch.split("/")[0] ?? "";
  return inspection.remotes.urls.has(remote) ? branch.slice(remote.length + 1) : branch;
}
