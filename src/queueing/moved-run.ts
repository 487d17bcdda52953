import { isFinal } from "../run/states.ts";
import type { RunDocument } from "../run/document.ts";
import type { RunHead } from "../run/head.ts";

/* What a run says of itself while it goes from one store to another; see migrate.ts. */

/** No agent starts a run that has this as its time. */
const never = "9999-12-31T23:59:59.999Z";
const comesFrom = "is being moved here from ";
const goneTo = "moved to ";

/** A copy that nobody starts, and that says where it comes from. */
export function held(document: RunDocument, from: string): RunDocument {
  const { queued } = document.run;
  if (queued === undefined) return document;
  return { ...document, run: { ...document.run, message: comesFrom + from, queued: { ...queued, not_before: never } } };
}

/** The store that a held copy comes from; undefined for any other run. */
export function heldFrom({ message, queued }: RunHead): string | undefined {
  if (queued?.not_before !== never || message?.startsWith(comesFrom) !== true) return undefined;
  return message.slice(comesFrom.length);
}

/** A held copy as it goes on: what was changed of it stays, but for its time, which is the original's. */
export function released(copy: RunDocument, original: RunHead, now: Date): RunDocument {
  const { message, queued, ...head } = copy.run;
  if (message === undefined || queued === undefined) return copy;
  const { not_before: hold, ...rest } = queued;
  const before = hold === never ? original.queued?.not_before : hold;
  const due = before === undefined ? rest : { ...rest, not_before: before };
  return { ...copy, run: { ...head, queued: due, updated_at: now.toISOString() } };
}

/** The run as it ends where it was. */
export function movedTo(document: RunDocument, to: string, now: Date): RunDocument {
  return ended(document, goneTo + to, now);
}

export function isMovedTo({ state, message }: RunHead, to: string): boolean {
  return isFinal(state) && state === "cancelled" && message === goneTo + to;
}

/** The copy of a run that has not moved after all. */
export function stayedAt(document: RunDocument, from: string, now: Date): RunDocument {
  return ended(document, `stayed in ${from}`, now);
}

function ended({ run, record, ...parts }: RunDocument, message: string, now: Date): RunDocument {
  const end = { state: "cancelled", reason: "cancelled", message, finished_at: now.toISOString() } as const;
  return { ...parts, run: { ...run, ...end, updated_at: end.finished_at }, record: { ...record, ...end } };
}
