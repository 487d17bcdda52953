import type { Clock } from "../core/clock.ts";
import type { CancelResult, QueueEntry, QueueStore } from "../stores/queue-store.ts";

export type CancelServices = { readonly store: QueueStore; readonly clock: Clock };

export type CancelledRun = { readonly runId: string; readonly result: CancelResult };

/** Somebody else changes a run now and then; more than this often is no accident. */
const attempts = 5;

/**
 * Cancels runs of queues: one that waits ends here and now, the holder of one that is leased is asked to end it. `ended` for a run that
 * had ended before.
 */
export async function cancelEntries(
  entries: readonly QueueEntry[],
  why: string,
  services: CancelServices,
  signal: AbortSignal,
): Promise<readonly CancelledRun[]> {
  const cancelled: CancelledRun[] = [];
  for (const entry of entries) {
    cancelled.push({ runId: entry.run.run_id, result: await cancelOne(entry, why, services, signal) });
  }
  return cancelled;
}

async function cancelOne(
  first: QueueEntry,
  why: string,
  { store, clock }: CancelServices,
  signal: AbortSignal,
): Promise<CancelResult> {
  let entry: QueueEntry | undefined = first;
  for (let attempt = 0; attempt < attempts && entry !== undefined; attempt++) {
    if (entry.place === "ended") return "ended";
    const document = await store.load(entry, signal);
    if (document !== undefined) {
      const finished_at = clock.now().toISOString();
      const end = { state: "cancelled", reason: "cancelled", message: why, finished_at } as const;
      const ended = {
        run: { ...document.run, ...end, updated_at: finished_at },
        record: { ...document.record, ...end },
      };
      const result = await store.cancel(entry, ended, signal);
      if (result !== "changed") return result;
    }
    const { run, queue }: QueueEntry = entry;
    const { entries } = await store.snapshot([queue], signal);
    entry = entries.find((other) => other.run.run_id === run.run_id);
  }
  return entry === undefined ? "ended" : "changed";
}
