import type { NewObject } from "../../../clients/git/objects/object-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import type { Clock } from "../../../core/clock.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { Log } from "../../../core/output/log.ts";
import type { Documents } from "../runs/documents.ts";
import type { FoldedPath } from "../log/folded.ts";
import type { HeadCache } from "./head-cache.ts";
import type { QueueLister } from "./queue-listing.ts";
import type { StoreRepository } from "../repository/repository.ts";
import { type Change, settle, type Settled } from "../repository/settle.ts";

/** What all that works on the queues of one open store shares. */
export type QueueContext = {
  readonly store: StoreRepository;
  readonly clock: Clock;
  readonly log: Log;
  readonly heads: HeadCache;
  readonly documents: Documents;
  readonly lister: QueueLister;
  /** Queue → what its index said at this commit. */
  readonly folded: Map<string, { readonly id: string; readonly paths: readonly FoldedPath[] }>;
};

export async function openForWriting(store: StoreRepository, signal: AbortSignal): Promise<Repository> {
  const local = await store.open("write", signal);
  if (local === undefined) throw new LaunchError("store-failed", "the store's repository could not be made");
  return local;
}

/** Writes objects, and moves refs to them. */
export async function writeChange(
  { store }: Pick<QueueContext, "store">,
  objects: readonly NewObject[],
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<Settled> {
  const local = await openForWriting(store, signal);
  if (objects.length > 0) await store.write(local, objects, signal);
  return settle(store, local, changes, signal);
}
