import { LaunchError } from "../core/errors.ts";
import type { QueuedHead, RunHead } from "../run/head.ts";

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
