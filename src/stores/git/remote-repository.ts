import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { inspectRepository, type Repository } from "../../clients/git/objects.ts";
import { authorizationOf, fetchRefs, pushRefs, type Remote } from "../../clients/git/refs.ts";
import { isFileMissing, LaunchError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { collectGarbage, createBareRepository } from "./bare-repository.ts";
import type { StoreRepository } from "./repository.ts";

export type RemoteRequest = {
  readonly remote: Remote;
  /** Folder of the local copies; a copy can be removed at any time. */
  readonly cache: string;
  readonly log: Log;
};

const probeTimeoutMs = 15_000;

/** A remote repository: git pushes and fetches, through a bare copy in the cache that has our refs only. */
export function remoteRepository({ remote, cache, log }: RemoteRequest): StoreRepository {
  const directory = join(cache, "stores", `${createHash("sha256").update(remote.url).digest("hex").slice(0, 20)}.git`);
  let opened: Repository | undefined;
  const refusal = (said: string): LaunchError =>
    new LaunchError(
      "refused",
      `the store ${remote.url} refuses the write: ${said}. It needs a token that may write (on GitHub: permissions: contents: write) and no rule against refs/launch/`,
    );
  return {
    // GitHub and others refuse pushes of many refs.
    maxChanges: 25,
    retryMs: 250,
    open: async (_use, signal) => {
      opened ??= await openCopy(directory, signal);
      return opened;
    },
    refresh: (repository, prefix, signal) => fetchRefs(repository, remote, prefix, signal),
    move: (repository, changes, signal) => pushRefs(repository, remote, changes, signal),
    checkWritable: async (_repository, _changes, signal) => {
      const status = await refusedStatus(remote, "git-receive-pack", signal);
      if (status !== undefined) throw refusal(`HTTP ${status}`);
    },
    checkReadable: async (signal) => {
      const status = await refusedStatus(remote, "git-upload-pack", signal);
      if (status === undefined) return;
      throw new LaunchError(
        "refused",
        `the store ${remote.url} can't be read: HTTP ${status}; check its name and the token`,
      );
    },
    refusal,
    compact: (repository, signal) => collectGarbage(repository, log, signal),
  };
}

async function openCopy(directory: string, signal: AbortSignal): Promise<Repository> {
  try {
    await stat(directory);
  } catch (error) {
    if (!isFileMissing(error)) throw error;
    await createBareRepository(directory, signal);
  }
  return inspectRepository(directory, signal);
}

/**
 * The HTTP status with which the host turns our token away for this service, so that it is told from a host in trouble without
 * reading messages. Only asked with a token: without one git's own credentials count, which we don't have.
 */
async function refusedStatus(remote: Remote, service: string, signal: AbortSignal): Promise<number | undefined> {
  if (remote.token === undefined || !/^https?:/.test(remote.url)) return undefined;
  try {
    const response = await fetch(`${remote.url}/info/refs?service=${service}`, {
      redirect: "manual",
      headers: { authorization: authorizationOf(remote.token), "user-agent": "git/2 (launch)" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(probeTimeoutMs)]),
    });
    await response.body?.cancel();
    return [401, 403, 404].includes(response.status) ? response.status : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
