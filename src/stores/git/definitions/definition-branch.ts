import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { defaultBranchOf, fetchBlobs, fetchTrees } from "../../../clients/git/branch-files.ts";
import { lsRefs } from "../../../clients/git/remotes/ls-refs.ts";
import { inspectRepository, type Repository } from "../../../clients/git/repository.ts";
import { listRefs, updateRefs } from "../../../clients/git/refs.ts";
import type { Remote } from "../../../clients/git/remotes/remote-access.ts";
import { pushRefs } from "../../../clients/git/remotes/remote-refs.ts";
import { isFileMissing, LaunchError } from "../../../core/errors.ts";
import { createBareRepository } from "../repository/bare-repository.ts";
import type { BranchTip, DefinitionBranch } from "./definitions.ts";
import type { StoreRepository } from "../repository/repository.ts";
import { branchNames, branchTipIn, type SeenBranch } from "../repository/seen-branch.ts";

/** The branch that a repository of ours gets; and that of one whose HEAD names none that is there. */
const [, usualBranch] = branchNames;

/** The default branch of a repository on this machine. */
export function localBranch(store: StoreRepository): DefinitionBranch {
  let hasWorkTree = false;
  const tipIn = async (repository: Repository, signal: AbortSignal): Promise<BranchTip> => {
    hasWorkTree = basename(repository.directory) === ".git";
    const head = /^ref: (refs\/heads\/\S+)/.exec(await readFile(join(repository.directory, "HEAD"), "utf8"))?.[1];
    const branches = [...new Set([head ?? usualBranch, usualBranch])];
    const refs = await listRefs(repository, branches, signal);
    for (const branch of branches) {
      const found = refs.find(({ name }) => name === branch);
      if (found !== undefined) return { branch, commit: found.id };
    }
    return { branch: usualBranch, commit: undefined };
  };
  const open = async (use: "read" | "write", signal: AbortSignal): Promise<Repository | undefined> =>
    store.open(use, signal);
  const opened = async (signal: AbortSignal): Promise<Repository> => {
    const repository = await open("write", signal);
    if (repository === undefined) throw new Error("a store that is opened for writing is made");
    return repository;
  };
  return {
    tip: async (signal) => {
      const repository = await open("read", signal);
      return repository === undefined ? undefined : tipIn(repository, signal);
    },
    tipForWriting: async (signal) => tipIn(await opened(signal), signal),
    repository: (_tip, signal) => opened(signal),
    obtain: () => Promise.resolve(),
    move: (repository, change, signal) => updateRefs(repository, [change], signal),
    refusal: () => (hasWorkTree ? "the branch has a work tree, which a commit of ours would leave behind" : undefined),
  };
}

/** With these a host turns a token away; git, which is asked otherwise, says it in other words. */
const refusing: readonly number[] = [401, 403, 404];

/** The default branch of a remote repository, through a copy in the cache that has its newest trees. */
export function remoteBranch(remote: Remote, cache: string, seen: SeenBranch): DefinitionBranch {
  const name = createHash("sha256").update(remote.url).digest("hex").slice(0, 20);
  const directory = join(cache, "definitions", `${name}.git`);
  let opened: Repository | undefined;
  const copy = async (signal: AbortSignal): Promise<Repository> => {
    if (opened !== undefined) return opened;
    try {
      await stat(directory);
    } catch (error) {
      if (!isFileMissing(error)) throw error;
      await createBareRepository(directory, signal);
    }
    return (opened = await inspectRepository(directory, signal));
  };
  const wholeTip = async (signal: AbortSignal): Promise<BranchTip> => {
    const { branch, tip } = await defaultBranchOf(await copy(signal), remote, signal);
    return { branch, commit: tip };
  };
  return {
    tip: async (signal, mayBeOldMs) => {
      const known = seen.tip(mayBeOldMs);
      // A reader needs no name of the branch, and one request of our own is a tenth of git's time.
      if (known !== undefined) return { branch: usualBranch, commit: known.commit };
      const listed = /^https?:/.test(remote.url) ? await lsRefs(remote, branchNames, signal) : undefined;
      if (listed?.kind === "unclear" && remote.token !== undefined && refusing.includes(listed.status ?? 0)) {
        throw new LaunchError(
          "refused",
          `the store ${remote.url} can't be read: ${listed.said}; check its name and the token`,
        );
      }
      if (listed?.kind !== "refs") return wholeTip(signal);
      return { branch: usualBranch, commit: branchTipIn(listed.refs) };
    },
    tipForWriting: wholeTip,
    repository: async ({ commit }, signal) => {
      const repository = await copy(signal);
      const ref = "refs/launch/definitions";
      const there = await listRefs(repository, [ref], signal);
      if (commit !== undefined && there[0]?.id !== commit) {
        await fetchTrees(repository, { remote, tip: { name: ref, id: commit } }, signal);
      }
      return repository;
    },
    obtain: (repository, blobs, signal) => fetchBlobs(repository, { remote, blobs }, signal),
    move: (repository, change, signal) => {
      seen.forget();
      return pushRefs(repository, { remote, changes: [change] }, signal);
    },
    refusal: () => undefined,
  };
}
