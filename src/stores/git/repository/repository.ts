import type { ListedRefs } from "../../../clients/git/remotes/ls-refs.ts";
import type { RefAnswer, RefChange } from "../../../clients/git/refs.ts";
import type { WantedTip } from "../../../clients/git/remotes/remote-refs.ts";
import type { NewObject } from "../../../clients/git/objects/object-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import type { LaunchError } from "../../../core/errors.ts";

/** Where a store's refs are: in a repository on this machine, or in a remote one with a local copy of what is needed. */
export interface StoreRepository {
  /** The local repository that has the objects. Made for writing; for reading it may not be there yet: undefined. */
  open(use: "read" | "write", signal: AbortSignal): Promise<Repository | undefined>;
  /** The store's refs below these prefixes (each a whole name, or up to a slash) as they are now; longer names may come too. */
  list(repository: Repository, prefixes: readonly string[], signal: AbortSignal): Promise<ListedRefs>;
  /** Brings the objects of these values into the local repository. */
  obtain(repository: Repository, tips: readonly WantedTip[], signal: AbortSignal): Promise<RefAnswer>;
  /** Writes new objects into the local repository. */
  write(repository: Repository, objects: readonly NewObject[], signal: AbortSignal): Promise<void>;
  /** Moves the store's refs, all or none. */
  move(repository: Repository, changes: readonly RefChange[], signal: AbortSignal): Promise<RefAnswer>;
  /** Asked when a move is unclear and nothing has changed: throws when trying again is of no use, else removes what may be in the way. */
  checkWritable(repository: Repository, changes: readonly RefChange[], signal: AbortSignal): Promise<void>;
  /** Asked when a listing has failed: throws when trying again is of no use. */
  checkReadable(signal: AbortSignal): Promise<void>;
  /** What to throw when the store has never made a move that it could have made. */
  refusal(said: string): LaunchError;
  /**
   * Resolves when `isChanged`, asked at once where that is cheap and then at this store's pace, says so; when the refs of these queues
   * seem to have changed; and after `ms`.
   */
  wait(request: WaitRequest, signal: AbortSignal): Promise<void>;
  /** As many agents work on this store now: its pace is shared among them. */
  share(agents: number): void;
  /** This process is about to be ended: its moves wait no more for their turn. */
  hurry(): void;
  compact(repository: Repository, signal: AbortSignal): Promise<void>;
  /** Beats that come more often would take up the store's pace. */
  readonly leastHeartbeatMs: number;
  /** As many refs as one move may have. */
  readonly maxChanges: number;
  /** The wait before a second try, at most; it doubles with each. */
  readonly retryMs: number;
}

/** A store's refs and the local repository that `open` gave for them. */
export type OpenedStore = { readonly store: StoreRepository; readonly local: Repository };

export type WaitRequest = {
  readonly queues: readonly string[];
  readonly ms: number;
  /** Lists the refs and compares them with what was seen last. */
  readonly isChanged: () => Promise<boolean>;
};
