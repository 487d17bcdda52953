import type { Clock } from "../core/clock.ts";
import type { CancelResult, QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import { cancelled, doneOf } from "../run/transitions.ts";

export type CancelServices = { readonly store: QueueStore; readonly clock: Clock };

export type CancelRequest = { readonly entries: readonly QueueEntry[]; readonly why: string };

export type CancelledRun = { readonly runId: string; readonly result: CancelResult };

/** Somebody else changes a run now and then; more than this often is no accident. */
const attempts = 5;

/**
 * Cancels runs of queues: one that waits ends here and now, the holder of one that is leased is asked to end it. `ended` for a run that
 * had ended before.
 */
export async function cancelEntries(
  { entries, why }: CancelRequest,
  { store, clock }: CancelServices,
  signal: AbortSignal,
): Promise<readonly CancelledRun[]> {
  const cancel: Cancel = { store, endOf: (document) => doneOf(cancelled(document, why, clock.now())) };
  const done = await cancelTogether(entries, cancel, signal);
  const all: CancelledRun[] = [];
  for (const entry of entries) {
    const runId = entry.run.run_id;
    all.push({ runId, result: done.get(runId) ?? (await cancelOne(entry, cancel, signal)) });
  }
  return all;
}

type Cancel = { readonly store: QueueStore; readonly endOf: (waiting: RunDocument) => RunDocument };

/** What of them waits ends in as few requests as the store takes; run id → what was done. */
async function cancelTogether(
  entries: readonly QueueEntry[],
  { store, endOf }: Cancel,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, CancelResult>> {
  const waiting = entries.filter(({ place }) => place === "waiting");
  if (waiting.length < 2 || store.cancelWaiting === undefined) return new Map();
  const runs: { readonly entry: QueueEntry; readonly document: RunDocument }[] = [];
  for (const entry of waiting) {
    const document = await store.load(entry, signal);
    if (document !== undefined) runs.push({ entry, document: endOf(document) });
  }
  const results = await store.cancelWaiting(runs, signal);
  return new Map(
    runs.flatMap(({ entry }, index) => {
      const result = results[index];
      return result === undefined || result === "changed" ? [] : [[entry.run.run_id, result] as const];
    }),
  );
}

async function cancelOne(first: QueueEntry, { store, endOf }: Cancel, signal: AbortSignal): Promise<CancelResult> {
  let entry: QueueEntry | undefined = first;
  for (let attempt = 0; attempt < attempts && entry !== undefined; attempt++) {
    if (entry.place === "ended") return "ended";
    const document = await store.load(entry, signal);
    if (document !== undefined) {
      // The holder of one that is leased ends it: nothing is written of it here.
      const end = entry.place === "waiting" ? endOf(document) : document;
      const result = await store.cancel(entry, end, signal);
      if (result !== "changed") return result;
    }
    const { run, queue }: QueueEntry = entry;
    const { entries } = await store.snapshot([queue], signal);
    entry = entries.find((other) => other.run.run_id === run.run_id);
  }
  if (entry === undefined) return "ended";
  // Says what is wrong, where that is why.
  await store.read(entry.run.run_id, signal);
  return "changed";
}
