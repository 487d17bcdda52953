import { fetchCommit, fetchHistory } from "../../clients/git/remotes/fetch-commit.ts";
import type { RemoteAnswer } from "../../clients/git/remotes/list-remote.ts";
import type { RemoteAccess } from "../../clients/git/remotes/remote-access.ts";
import type { ObjectFormat } from "../../clients/git/repository.ts";
import type { ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { LaunchError } from "../../core/errors.ts";
import { quoted } from "../../core/output/said.ts";
import type { SourceContext } from "../source.ts";
import { accessesTo, openRemote } from "./access.ts";
import type { GitUrl } from "./url.ts";
import { resolveVersion, type Version } from "./version.ts";

export type FetchedCommit = { readonly commit: string; readonly ref: string | undefined };

/** Fetches a whole hash, at best with one request and no listing; a server that gives out no single commits is asked by ref. */
export async function fetchHash(
  repository: ScratchRepository,
  { url, hash }: { readonly url: GitUrl; readonly hash: string },
  context: SourceContext,
): Promise<FetchedCommit> {
  await repository.useFormat(formatOf(hash));
  for (const access of await accessesTo(url, context)) {
    const answer = await fetchCommit(repository, fetchRequest(access, hash, context));
    if (answer.kind === "ok") return { commit: answer.value, ref: undefined };
  }
  const open = await openRemote(repository, { url, patterns: [] }, context);
  const version = resolveVersion(hash, open.refs, url.url);
  return fetchVersion(repository, { url, access: open.access, version, exact: true }, context);
}

export const formatOf = (hash: string): ObjectFormat => (hash.length === 64 ? "sha256" : "sha1");

function fetchRequest(access: RemoteAccess, what: string, { log, signal }: SourceContext) {
  const onProgress = (detail: string): void =>
    log.phase({ phase: "source", status: "progress", detail: quoted(detail) });
  return { access, what, signal, onProgress };
}

type WantedVersion = {
  readonly url: GitUrl;
  readonly access: RemoteAccess;
  readonly version: Version;
  /** The hash itself was asked for, so that a branch which has moved on since won't do. */
  readonly exact: boolean;
};

export async function fetchVersion(
  repository: ScratchRepository,
  { url, access, version, exact }: WantedVersion,
  context: SourceContext,
): Promise<FetchedCommit> {
  const ask = (what: string): Promise<RemoteAnswer<string>> =>
    fetchCommit(repository, fetchRequest(access, what, context));
  let answer = await ask(version.hash);
  const said = answer.kind === "failed" ? answer.said : "";
  if (answer.kind === "failed" && version.ref !== undefined) {
    answer = await ask(version.ref);
    if (exact && answer.kind === "ok" && answer.value !== version.hash) answer = { kind: "failed", said };
  }
  if (answer.kind === "failed" && exact)
    answer = await fetchHistory(repository, fetchRequest(access, version.hash, context));
  if (answer.kind === "ok") return { commit: answer.value, ref: version.ref };
  throw new LaunchError(
    "source-failed",
    `the commit ${version.hash} could not be fetched from ${url.url} (${said}); check that it is on a branch or tag there`,
  );
}
