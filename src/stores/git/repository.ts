import type { RefAnswer, RefChange } from "../../clients/git/refs.ts";
import type { Repository } from "../../clients/git/objects.ts";
import type { LaunchError } from "../../core/errors.ts";

/** Where a store's refs are: in a repository on this machine, or in a remote one with a local copy of what is needed. */
export interface StoreRepository {
  /** The local repository that has the objects. Made for writing; for reading it may not be there yet: undefined. */
  open(use: "read" | "write", signal: AbortSignal): Promise<Repository | undefined>;
  /** Makes the local refs below `prefix` what the store has now. */
  refresh(repository: Repository, prefix: string, signal: AbortSignal): Promise<RefAnswer>;
  /** Moves the store's refs, all or none. */
  move(repository: Repository, changes: readonly RefChange[], signal: AbortSignal): Promise<RefAnswer>;
  /** Asked when a move is unclear and nothing has changed: throws when trying again is of no use, else removes what may be in the way. */
  checkWritable(repository: Repository, changes: readonly RefChange[], signal: AbortSignal): Promise<void>;
  /** Asked when a refresh has failed: throws when trying again is of no use. */
  checkReadable(signal: AbortSignal): Promise<void>;
  /** What to throw when the store has never made a move that it could have made. */
  refusal(said: string): LaunchError;
  compact(repository: Repository, signal: AbortSignal): Promise<void>;
  /** As many refs as one move may have. */
  readonly maxChanges: number;
  /** The wait before a second try, at most; it doubles with each. */
  readonly retryMs: number;
}
