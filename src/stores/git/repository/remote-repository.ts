import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { writeLooseObjects } from "../../../clients/git/objects/write-objects.ts";
import { writeObjects } from "../../../clients/git/objects/write-objects.ts";
import { inspectRepository, type Repository } from "../../../clients/git/repository.ts";
import { type ListedRefs, lsRefs } from "../../../clients/git/remotes/ls-refs.ts";
import { listRefs, updateRefs } from "../../../clients/git/refs.ts";
import { refusedStatus } from "../../../clients/git/remotes/info-refs.ts";
import type { Remote } from "../../../clients/git/remotes/remote-access.ts";
import { fetchRefs, fetchTips, pushRefs } from "../../../clients/git/remotes/remote-refs.ts";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { isFileMissing, LaunchError } from "../../../core/errors.ts";
import { isLoopback } from "../../../core/loopback.ts";
import type { Log } from "../../../core/output/log.ts";
import { collectGarbage, createBareRepository } from "./bare-repository.ts";
import { noPace, type Pace, paceOf, pollInterval } from "./pace.ts";
import type { StoreRepository } from "./repository.ts";
import { branchNames, branchTipIn, type SeenBranch } from "./seen-branch.ts";

export type RemoteRequest = {
  readonly remote: Remote;
  readonly clock?: Clock;
  /** Folder of the local copies; a copy can be removed at any time. */
  readonly cache: string;
  readonly log: Log;
  /** Told of the default branch by each listing. */
  readonly seen?: SeenBranch;
};

const launchRefs = "refs/launch/";

/** Fetches name each value on the command line, which has a bound. */
const maxTipsFetched = 500;

/** More objects at once are written by git, in one process. */
const maxLoose = 16;

/** A remote repository: git pushes and fetches, through a bare copy in the cache that has our refs only. */
export function remoteRepository({ remote, cache, log, seen, clock = systemClock }: RemoteRequest): StoreRepository {
  const pace = paceFor(remote, clock);
  const list = refLister(remote, clock, seen);
  let agents = 1;
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
    leastHeartbeatMs: pace.leastHeartbeatMs,
    retryMs: 250,
    open: async (_use, signal) => {
      opened ??= await openCopy(directory, signal);
      return opened;
    },
    list,
    obtain: async (repository, tips, signal) => {
      for (let at = 0; at < tips.length; at += maxTipsFetched) {
        const answer = await fetchTips(repository, { remote, tips: tips.slice(at, at + maxTipsFetched) }, signal);
        if (answer.kind === "unclear") return answer;
      }
      return { kind: "done" };
    },
    // A process for each few objects would take as long as a part of the push.
    write: (repository, objects, signal) =>
      objects.length > maxLoose ? writeObjects(repository, objects, signal) : writeLooseObjects(repository, objects),
    move: async (repository, changes, signal) => {
      await pace.take(signal);
      return pushRefs(repository, { remote, changes }, signal);
    },
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
    share: (count) => {
      agents = count;
      pace.share(count);
    },
    hurry: () => pace.hurry(),
    wait: async ({ ms, isChanged }, signal) => {
      const end = clock.monotonicMs() + ms;
      for (let left = ms; left > 0; left = end - clock.monotonicMs()) {
        await clock.sleep(Math.min(left, pollInterval(agents)), signal);
        if (left > pollInterval(agents) && (await isChanged())) return;
      }
    },
    compact: async (repository, signal) => {
      await forgetRefs(repository, list, signal);
      await collectGarbage(repository, log, signal);
    },
  };
}

function paceFor({ url }: Remote, clock: Clock): Pace {
  const { hostname } = new URL(url);
  return isLoopback(hostname) ? noPace : paceOf(hostname, clock);
}

/**
 * Lists refs over http(s) by one request of our own. git does it for ssh, and for a host where ours has never worked but git's does:
 * one behind a proxy or a credential helper that git knows, or one that redirects.
 */
function refLister(remote: Remote, clock: Clock, seen: SeenBranch | undefined): StoreRepository["list"] {
  let direct: "untried" | "works" | "fails" = /^https?:/.test(remote.url) ? "untried" : "fails";
  return async (repository, prefixes, signal): Promise<ListedRefs> => {
    if (direct !== "fails") {
      const begunMs = clock.monotonicMs();
      const listed = await lsRefs(remote, [...prefixes, ...(seen === undefined ? [] : branchNames)], signal);
      if (listed.kind === "refs") {
        direct = "works";
        seen?.see(branchTipIn(listed.refs), begunMs);
        return { kind: "refs", refs: listed.refs.filter(({ name }) => prefixes.some((it) => name.startsWith(it))) };
      }
      if (direct === "works") return listed;
    }
    const fetched = await fetchRefs(repository, { remote, prefixes }, signal);
    if (fetched.kind === "unclear") return fetched;
    direct = "fails";
    return { kind: "refs", refs: await listRefs(repository, prefixes, signal) };
  };
}

/** The copy's refs keep the objects of what the store has: those of what is gone go. */
async function forgetRefs(repository: Repository, list: StoreRepository["list"], signal: AbortSignal): Promise<void> {
  const listed = await list(repository, [launchRefs], signal);
  if (listed.kind === "unclear") return;
  const there = new Set(listed.refs.map(({ name }) => name));
  const gone = (await listRefs(repository, [launchRefs], signal)).filter(({ name }) => !there.has(name));
  const changes = gone.map(({ name, id }) => ({ name, from: id, to: undefined }));
  if (changes.length > 0) await updateRefs(repository, changes, signal);
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
