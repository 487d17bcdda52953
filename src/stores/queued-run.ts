import { LaunchError } from "../core/errors.ts";
import type { Lease, QueuedHead, RunHead } from "../run/head.ts";
import type { RunDocument } from "../run/document.ts";

/*
 * What every engine writes into a run's head as it changes its place: who holds it is there while it is leased, and at no other time.
 */

/** A run's head as its new holder has it. */
export function leasedHead(run: RunHead, lease: Lease): RunHead {
  return { ...run, state: "leased", attempt: lease.attempt, lease, updated_at: lease.since };
}

/** The same document, held by nobody. */
export function withoutLease(document: RunDocument): RunDocument {
  const { lease, ...run } = document.run;
  return lease === undefined ? document : { ...document, run };
}

/** The same document, waiting. */
export function asWaiting(document: RunDocument): RunDocument {
  const free = withoutLease(document);
  return { ...free, run: { ...free.run, state: "queued" } };
}

/** What a queue needs to know of the run. */
export function queuedOf(run: RunHead): QueuedHead {
  if (run.queued !== undefined) return run.queued;
  throw new LaunchError(
    "store-failed",
    `run "${run.run_id}" has nothing about a queue in its head, and can't be put into one`,
  );
}

/** Refuses more waiting runs than a store is made for. */
export function checkRoom(
  queue: string,
  { waiting, added, limit }: { readonly waiting: number; readonly added: number; readonly limit: number },
): void {
  if (waiting + added <= limit) return;
  throw new LaunchError(
    "refused",
    `queue "${queue}": ${waiting} runs wait and ${added} more would be over ${limit}, which is what a git store is made for; use a Postgres store, and take along what waits: launch store migrate <this store> postgres://…`,
  );
}
