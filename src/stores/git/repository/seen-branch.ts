import type { Ref } from "../../../clients/git/refs.ts";
import type { Clock } from "../../../core/clock.ts";

/** What says where a remote's default branch is: HEAD, or the usual branch where HEAD names none that is there. */
export const branchNames = ["HEAD", "refs/heads/main"] as const;

/** The tip of the default branch among these refs; undefined without one. */
export function branchTipIn(refs: readonly Ref[]): string | undefined {
  return branchNames.flatMap((name) => refs.find((ref) => ref.name === name) ?? [])[0]?.id;
}

/**
 * Where the default branch was when queues were listed last: an agent that polls asks for both in one request. Whoever may not look at what
 * is old asks for itself.
 */
export type SeenBranch = {
  /** A listing that was begun at this time, by the monotonic clock, said so. */
  see(commit: string | undefined, begunMs: number): void;
  /** Undefined when nothing was seen for so long. */
  tip(mayBeOldMs: number): { readonly commit: string | undefined } | undefined;
  forget(): void;
};

export function seenBranch(clock: Clock): SeenBranch {
  let seen: { readonly commit: string | undefined; readonly atMs: number } | undefined;
  return {
    see: (commit, atMs) => {
      seen = { commit, atMs };
    },
    tip: (mayBeOldMs) => (seen !== undefined && clock.monotonicMs() - seen.atMs < mayBeOldMs ? seen : undefined),
    forget: () => {
      seen = undefined;
    },
  };
}
