import type { NewObject } from "../../../clients/git/objects/object-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import type { Clock } from "../../../core/clock.ts";
import { LaunchError } from "../../../core/errors.ts";
import type { Log } from "../../../core/output/log.ts";
import type { Documents } from "../runs/documents.ts";
import type { FoldedCache } from "../log/index-months.ts";
import type { HeadCache } from "./head-cache.ts";
import type { QueueLister } from "./queue-listing.ts";
import type { OpenedStore, StoreRepository } from "../repository/repository.ts";
import { type Change, settle, type Settled } from "../repository/settle.ts";

/** What all that works on the queues of one open store shares. */
export type QueueContext = {
  readonly store: StoreRepository;
  readonly clock: Clock;
  readonly log: Log;
  readonly heads: HeadCache;
  readonly documents: Documents;
  readonly lister: QueueLister;
  readonly folded: FoldedCache;
};

/** The same, with the local repository that the store has opened. */
export type OpenedQueueContext = QueueContext & { readonly local: Repository };

/** Undefined while there is no repository yet. */
export async function openForReading(
  context: QueueContext,
  signal: AbortSignal,
): Promise<OpenedQueueContext | undefined> {
  const local = await context.store.open("read", signal);
  return local === undefined ? undefined : { ...context, local };
}

export async function openForWriting(context: QueueContext, signal: AbortSignal): Promise<OpenedQueueContext> {
  const local = await context.store.open("write", signal);
  if (local === undefined) throw new LaunchError("store-failed", "the store's repository could not be made");
  return { ...context, local };
}

export type ObjectsAndRefs = { readonly objects: readonly NewObject[]; readonly changes: readonly Change[] };

/** Writes objects, and moves refs to them. */
export async function writeChange(
  opened: OpenedStore,
  { objects, changes }: ObjectsAndRefs,
  signal: AbortSignal,
): Promise<Settled> {
  if (objects.length > 0) await opened.store.write(opened.local, objects, signal);
  return settle(opened, changes, signal);
}
