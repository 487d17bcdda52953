import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import { readQueued } from "../run/read-record.ts";
import type { QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import { doneOf, prioritized, requeued } from "../run/transitions.ts";

export type MoveServices = { readonly store: QueueStore; readonly clock: Clock };

export type Prioritized = { readonly entry: QueueEntry; readonly priority: 0 | 1 | 2 | 3 };

/** Gives a waiting run another priority; among those that have it, it stands by its time. */
export async function prioritize(
  { entry, priority }: Prioritized,
  { store, clock }: MoveServices,
  signal: AbortSignal,
): Promise<void> {
  const { run } = entry;
  if (entry.place !== "waiting") {
    throw new LaunchError("bad-usage", `run "${run.run_id}" ${placeWords(entry)}: only a waiting run has a priority`);
  }
  const document = await documentOf(entry, store, signal);
  await move({ entry, document: doneOf(prioritized(document, priority, clock.now())) }, store, signal);
}

/** Puts an ended run back to wait, with all of its attempts before it. */
export async function requeue(entry: QueueEntry, { store, clock }: MoveServices, signal: AbortSignal): Promise<void> {
  const { run } = entry;
  if (entry.place !== "ended") {
    throw new LaunchError(
      "bad-usage",
      `run "${run.run_id}" ${placeWords(entry)}: only an ended run can be queued again`,
    );
  }
  const document = await documentOf(entry, store, signal);
  // No agent would start what says nothing of what was submitted.
  readQueued(document);
  await move({ entry, document: doneOf(requeued(document, clock.now())) }, store, signal);
}

async function documentOf(entry: QueueEntry, store: QueueStore, signal: AbortSignal): Promise<RunDocument> {
  const document = await store.load(entry, signal);
  if (document !== undefined) return document;
  // Says what is wrong, where that is why.
  await store.read(entry.run.run_id, signal);
  throw new LaunchError("store-conflict", `run "${entry.run.run_id}" has changed meanwhile; look at it, and try again`);
}

type Moved = { readonly entry: QueueEntry; readonly document: RunDocument };

async function move({ entry, document }: Moved, store: QueueStore, signal: AbortSignal): Promise<void> {
  const result = await store.move(entry, document, signal);
  if (result.kind === "written") return;
  const { run_id: runId } = entry.run;
  if (result.kind === "fenced") {
    throw new LaunchError("store-conflict", `run "${runId}" has changed meanwhile; look at it, and try again`);
  }
  throw new LaunchError("store-failed", `it is not known whether run "${runId}" was changed: ${result.message}`);
}

function placeWords({ place, run }: QueueEntry): string {
  if (place === "waiting") return "waits";
  return place === "leased" ? `is with ${run.lease?.agent ?? "an agent"}` : `has ended (${run.state})`;
}
