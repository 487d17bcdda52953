import { git } from "../git.ts";
import { inRepository, type Repository } from "../repository.ts";
import { fetchInto } from "./fetch.ts";
import type { RemoteAnswer } from "./list-remote.ts";
import type { RemoteAccess } from "./remote-access.ts";

export type CommitRequest = {
  readonly access: RemoteAccess;
  /** A whole hash or a full ref name. */
  readonly what: string;
  readonly signal: AbortSignal;
  readonly onProgress: (detail: string) => void;
};

const timeoutMs = 30 * 60_000;

const fetchedRef = "refs/launch/fetched";

/** Fetches one commit with its files and nothing of its history; returns the commit's hash. */
export async function fetchCommit(repository: Repository, request: CommitRequest): Promise<RemoteAnswer<string>> {
  const { signal, ...rest } = request;
  const refspecs = [`+${request.what}:${fetchedRef}`];
  const said = await fetchInto(repository, { ...rest, options: ["--depth=1"], refspecs, timeoutMs }, signal);
  return said === undefined ? peel(repository, fetchedRef, signal) : { kind: "failed", said };
}

/** Fetches all branches and tags with their history: for a server that gives out no single commit. */
export async function fetchHistory(repository: Repository, request: CommitRequest): Promise<RemoteAnswer<string>> {
  const { signal, ...rest } = request;
  const refspecs = ["+refs/heads/*:refs/launch/heads/*", "+refs/tags/*:refs/launch/tags/*"];
  const said = await fetchInto(repository, { ...rest, refspecs, timeoutMs }, signal);
  return said === undefined ? peel(repository, request.what, signal) : { kind: "failed", said };
}

async function peel(repository: Repository, name: string, signal: AbortSignal): Promise<RemoteAnswer<string>> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`];
  const result = await git(inRepository(repository, { args, doing: `finding the commit of ${name}`, signal }));
  if (result.exitCode === 0) return { kind: "ok", value: result.stdout.toString().trim() };
  return { kind: "failed", said: `${name} is no commit` };
}
