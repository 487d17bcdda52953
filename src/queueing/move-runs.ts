import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import { runHeadSchema } from "../run/head.ts";
import { readQueued } from "../run/read-record.ts";
import type { QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import type { RunHead } from "../run/head.ts";

export type MoveServices = { readonly store: QueueStore; readonly clock: Clock };

/** Gives a waiting run another priority; among those that have it, it stands by its time. */
export async function prioritize(
  entry: QueueEntry,
  priority: 0 | 1 | 2 | 3,
  { store, clock }: MoveServices,
  signal: AbortSignal,
): Promise<void> {
  const { run } = entry;
  if (entry.place !== "waiting") {
    throw new LaunchError("bad-usage", `run "${run.run_id}" ${placeWords(entry)}: only a waiting run has a priority`);
  }
  const document = await documentOf(entry, store, signal);
  const { queued } = document.run;
  if (queued === undefined) throw new LaunchError("store-failed", `run "${run.run_id}" has nothing about its queue`);
  const changed = { ...document.run, queued: { ...queued, priority }, updated_at: clock.now().toISOString() };
  await move(entry, { ...document, run: changed }, store, signal);
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
  const { queued } = document.run;
  if (queued === undefined) throw new LaunchError("store-failed", `run "${run.run_id}" has nothing about its queue`);
  const now = clock.now().toISOString();
  const later: RunHead["queued"] = {
    ...without(queued, ["not_before"]),
    enqueued_at: now,
    attempts_max: Math.max(queued.attempts_max, run.attempt + 1),
  };
  const waiting = { ...without(document.run, ofTheEnd), state: "queued", updated_at: now, queued: later };
  const record = { ...without(document.record, [...ofTheEnd, "handle"]), state: "queued" };
  await move(entry, { ...document, run: runHeadSchema.parse(waiting), record }, store, signal);
}

const ofTheEnd = ["reason", "message", "exit_code", "finished_at", "started_at", "metrics", "lease"] as const;

function without<T extends object, Key extends string>(value: T, keys: readonly Key[]): Omit<T, Key> {
  const gone: readonly string[] = keys;
  const kept = { ...value };
  for (const key of gone) Reflect.deleteProperty(kept, key);
  return kept;
}

async function documentOf(entry: QueueEntry, store: QueueStore, signal: AbortSignal): Promise<RunDocument> {
  const document = await store.load(entry, signal);
  if (document !== undefined) return document;
  // Says what is wrong, where that is why.
  await store.read(entry.run.run_id, signal);
  throw new LaunchError("store-conflict", `run "${entry.run.run_id}" has changed meanwhile; look at it, and try again`);
}

async function move(entry: QueueEntry, document: RunDocument, store: QueueStore, signal: AbortSignal): Promise<void> {
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
