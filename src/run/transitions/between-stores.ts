import type { RunDocument } from "../document.ts";
import type { RunHead } from "../head.ts";
import { cancelledOutcome } from "../outcome.ts";
import { isFinal } from "../states.ts";
import { become, endOf, made, madeInQueue, type Transition, waiting, without } from "./change.ts";

/*
 * What a run says of itself while it goes from one store to another; see queueing/migrate.ts. The words are for people, and for a launch of
 * before there was the field `moved`: what such a one has written is understood by them.
 */

/** No agent starts a run that has this as its time. */
const never = "9999-12-31T23:59:59.999Z";
const comesFrom = "is being moved here from ";
const goneTo = "moved to ";

/** The store that a held copy comes from; undefined for any other run. */
export function heldFrom({ moved, message, queued }: RunHead): string | undefined {
  if (queued?.not_before !== never) return undefined;
  if (moved !== undefined) return "from" in moved ? moved.from : undefined;
  return message?.startsWith(comesFrom) === true ? message.slice(comesFrom.length) : undefined;
}

/** Whether a run has ended here because it went to that store. */
export function isMovedTo({ state, moved, message }: RunHead, to: string): boolean {
  if (!isFinal(state) || state !== "cancelled") return false;
  return moved === undefined ? message === goneTo + to : "to" in moved && moved.to === to;
}

/** A copy that nobody starts, and that says where it comes from. */
export function held(document: RunDocument, from: string, now: Date): Transition {
  return madeInQueue("held", document, (queued) => {
    const message = comesFrom + from;
    const { run, record, ...parts } = waiting(document, { ...queued, not_before: never }, now);
    return { ...parts, run: { ...run, message, moved: { from } }, record: { ...record, message } };
  });
}

/** A held copy as it goes on: what was changed of it stays, but for its time, which is the original's. */
export function released(copy: RunDocument, original: RunHead, now: Date): Transition {
  return madeInQueue("released", copy, (queued) => {
    const before = queued.not_before === never ? original.queued?.not_before : queued.not_before;
    const due = before === undefined ? {} : { not_before: before };
    const { run, record, ...parts } = waiting(copy, { ...without(queued, ["not_before"]), ...due }, now);
    return { ...parts, run: without(run, ["message", "moved"]), record: without(record, ["message"]) };
  });
}

/** The run as it ends where it was. */
export function movedTo(document: RunDocument, to: string, now: Date): Transition {
  return made("movedTo", document.run, () => {
    const { run, ...parts } = goneAway(document, goneTo + to, now);
    return { ...parts, run: { ...run, moved: { to } } };
  });
}

/** The copy of a run that has not moved after all. */
export function stayed(copy: RunDocument, from: string, now: Date): Transition {
  return made("stayed", copy.run, () => goneAway(copy, `stayed in ${from}`, now));
}

function goneAway(document: RunDocument, message: string, now: Date): RunDocument {
  return become(document, endOf(cancelledOutcome(message), now), now);
}
