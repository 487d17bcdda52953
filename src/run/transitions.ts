import { isJsonObject, type JsonObject, toJson } from "../core/json.ts";
import type { RunDocument } from "./document.ts";
import type { Lease, QueuedHead, RunHead } from "./head.ts";
import { cancelledOutcome, lostOutcome, type RunOutcome } from "./outcome.ts";
import type { AttemptRecord, RunRecord } from "./record.ts";
import { isFinal, type RunState } from "./states.ts";
import {
  become,
  type begun,
  type End,
  endOf,
  made,
  madeInQueue,
  ofAnAttempt,
  ofAnEnd,
  type Transition,
  waiting,
  without,
} from "./transitions/change.ts";
import { headOf } from "./transitions/head-and-record.ts";

export { doneOf, type Transition } from "./transitions/change.ts";

/*
 * The life of a run. What it says of its state, of the reason and the words for that and of its end is written here and nowhere else, in
 * head and record at once. (Postgres takes a run by SQL of its own, which a test holds equal to `taken`.)
 *
 *   nothing    → queued      enqueued     its submitter puts it into a queue
 *   nothing    → starting    opened       a launch begins an attempt: the record's state, that of a queue's run from then on
 *   queued     → leased      taken        an agent has it. A lease is the head's alone: a claim writes no record, so this says on what
 *                                         it said, until the launch opens its attempt
 *   leased     → queued      untaken      its agent has started nothing of it: the attempt doesn't count
 *   leased …   → the same    takenOver    another agent goes on with the attempt of one that is gone
 *   starting   → building    started      its image is built
 *   building   → starting    started      it is about to be submitted; so is one of which nothing was built
 *   starting   → running     started      its resource runs it. Said again by who adopts it
 *   building … → an end      finished     its launch has seen it end
 *   leased …   → an end      ended        its launch can't: it was refused, or what launched it was killed
 *   leased …   → failed      lost         the same, for an agent that is gone
 *   an end     → the same    concluded    the queue keeps it, and the attempt among the others
 *   failed     → queued      waitsAgain   the queue wants another attempt: the policy says so, or it was given back
 *   cancelled  → queued      waitsAgain   the same
 *   cancelled  → cancelled   stopped      its launch knows that it was cut short, and not that it was for its agent's sake
 *   cancelled  → cancelled   preempted    it was cut short for its agent's sake, and its policy wants no other attempt
 *   failed     → cancelled   unwanted     it was lost when somebody had cancelled it
 *   queued     → cancelled   cancelled    somebody wants it no more
 *   queued     → queued      prioritized  at another place
 *   an end     → queued      requeued     by hand, with its attempts behind it
 *   queued     → queued      held         as a copy in another store, until it has ended where it was
 *   queued     → cancelled   movedTo      where it was
 *   queued     → queued      released     the copy goes on
 *   queued     → cancelled   stayed       the copy is given up
 *
 * "leased …" is each of leased, building, starting, running; "building …" the same without leased; an end is succeeded, failed or cancelled.
 * An end that `finished` wrote of a queue's run is a word of its launch, which is stored by what its agent makes of it (see
 * end-of-attempt.ts). Anything else is refused. What waits or has ended is held by nobody; what waits says nothing of an attempt before
 * it but among its attempts.
 */

/** A record that nothing has become of yet. */
export type AskedRecord = Omit<RunRecord, "state">;

/** A new run for a queue. */
export function enqueued(asked: AskedRecord, queued: QueuedHead): RunDocument {
  const record: RunRecord = { ...asked, attempt: 0, state: "queued" };
  return { run: { ...headOf(record), queued }, record: toJson(record) };
}

/** The record of an attempt that begins. */
export function opened(asked: AskedRecord): RunRecord {
  return { ...without(asked, ofAnEnd), state: "starting" };
}

/** A launch has come so far with its attempt. */
export function started(record: RunRecord, state: (typeof begun)[number], now: Date): Transition<RunRecord> {
  return made(state, record, () => {
    if (state !== "running") return { ...record, state };
    return { ...record, state, started_at: record.started_at ?? now.toISOString() };
  });
}

/** A launch has seen its run end. */
export function finished(record: RunRecord, outcome: RunOutcome, now: Date): Transition<RunRecord> {
  return made("finished", record, () => ({ ...without(record, ofAnEnd), ...endOf(outcome, now) }));
}

/** An agent has it. */
export function taken(document: RunDocument, lease: Lease): Transition {
  return made("taken", document.run, () => ({
    ...document,
    run: { ...document.run, state: "leased", attempt: lease.attempt, lease, updated_at: lease.since },
  }));
}

/** Another agent has it, in the same attempt. */
export function takenOver(document: RunDocument, lease: Lease): Transition {
  return made("takenOver", document.run, () => ({
    ...document,
    run: { ...document.run, lease, updated_at: lease.since },
  }));
}

/** It was taken, and nothing of it was started. */
export function untaken(document: RunDocument, now: Date): Transition {
  return made("untaken", document.run, () => {
    const run = without(document.run, ["lease"]);
    return {
      ...document,
      run: { ...run, state: "queued", attempt: Math.max(0, run.attempt - 1), updated_at: now.toISOString() },
    };
  });
}

/** What its launch says of a run that an agent has: the launch knows nothing of queues, and what the head says of them stays, as does its nonce. */
export function inQueue(launched: RunDocument, { queued, nonce }: RunHead): RunDocument {
  if (queued === undefined) return launched;
  const run = { ...without(launched.run, ["nonce"]), ...(nonce === undefined ? {} : { nonce }), queued };
  return { ...launched, run };
}

/** The same while it is under way, with who has it. */
export function inHands(launched: RunDocument, holder: RunHead, now: Date): RunDocument {
  const whole = inQueue(launched, holder);
  const lease = holder.lease === undefined ? {} : { lease: holder.lease };
  return { ...whole, run: { ...whole.run, ...lease, updated_at: now.toISOString() } };
}

/** It ends without its launch. */
export function ended(document: RunDocument, outcome: RunOutcome, now: Date): Transition {
  return made("ended", document.run, () => become(document, endOf(outcome, now), now));
}

/** Whoever held it is gone. */
export function lost(document: RunDocument, message: string, now: Date): Transition {
  return ended(document, lostOutcome(message), now);
}

/** The end of a run whose launch could write its head alone: the record says the same. */
export function recordedAs(head: RunHead, record: JsonObject): JsonObject {
  const { state, reason, message, exit_code, started_at, finished_at, metrics, attempt } = head;
  const said = { state, reason, message, exit_code, started_at, finished_at, metrics, attempt };
  return toJson({ ...without(record, ofAnAttempt), ...said });
}

/** A queue's run has ended for good. */
export function concluded(document: RunDocument, attempts: readonly AttemptRecord[]): Transition {
  return made("concluded", document.run, () => {
    const { run, record, ...parts } = document;
    return { ...parts, run: without(run, ["lease"]), record: toJson({ ...record, attempts }) };
  });
}

/** Its launch was cut short because its agent had to stop. */
export function stopped(document: RunDocument, now: Date): Transition {
  return made("stopped", document.run, () =>
    cancelledAs(document, { reason: "cancelled", message: "its agent was stopped" }, now),
  );
}

/** What was begun may not be begun again when its policy doesn't ask for that. */
export function preempted(document: RunDocument, now: Date): Transition {
  const message = "its agent had to stop, and its retry policy asks for no other attempt";
  return made("preempted", document.run, () => cancelledAs(document, { reason: "preempted", message }, now));
}

/** It is lost, and somebody had cancelled it: it has ended as they wanted. */
export function unwanted(document: RunDocument, now: Date): Transition {
  const message = `cancelled; ${document.run.message ?? ""}`;
  return made("unwanted", document.run, () => cancelledAs(document, { reason: "cancelled", message }, now));
}

/** When it ended, and with which exit code, stays. */
function cancelledAs(document: RunDocument, how: Pick<End, "reason" | "message">, now: Date): RunDocument {
  const { exit_code: code, finished_at: at } = document.run;
  const end: End = {
    state: "cancelled",
    ...how,
    ...(code === undefined ? {} : { exit_code: code }),
    ...(at === undefined ? {} : { finished_at: at }),
  };
  return become(document, end, now);
}

export type Again = { readonly attempts: readonly AttemptRecord[]; readonly delayMs: number };

/** The same run, waiting for its next attempt. */
export function waitsAgain(document: RunDocument, { attempts, delayMs }: Again, now: Date): Transition {
  const notBefore = delayMs === 0 ? {} : { not_before: new Date(now.getTime() + delayMs).toISOString() };
  return madeInQueue("waitsAgain", document, (queued) => {
    const { record, ...rest } = back(document, { ...without(queued, ["not_before"]), ...notBefore }, now);
    return { ...rest, record: toJson({ ...record, attempts }) };
  });
}

/** An ended run waits again, behind those that wait already, and may be tried once more at least. */
export function requeued(document: RunDocument, now: Date): Transition {
  return madeInQueue("requeued", document, (queued) => {
    const later: QueuedHead = {
      ...without(queued, ["not_before"]),
      enqueued_at: now.toISOString(),
      attempts_max: Math.max(queued.attempts_max, document.run.attempt + 1),
    };
    return back(document, later, now);
  });
}

/** Of what an attempt came to, `attempts` alone speaks from now on; when it is read, the end of its log is that of the last. */
export function back({ run, record, ...parts }: RunDocument, queued: QueuedHead, now: Date): RunDocument {
  const { spec, phases, warnings, env } = record;
  const asked = isJsonObject(spec) && isJsonObject(spec["env"]) ? spec["env"] : {};
  return {
    ...parts,
    run: {
      ...without(run, [...ofAnAttempt, "lease", "moved"]),
      state: "queued",
      queued,
      updated_at: now.toISOString(),
    },
    record: toJson({
      ...without(record, ofAnAttemptsRecord),
      attempt: run.attempt,
      state: "queued",
      ...(phases === undefined ? {} : { phases: [] }),
      ...(warnings === undefined ? {} : { warnings: [] }),
      ...(env === undefined ? {} : { env: asked }),
    }),
  };
}

/** What of a record an attempt has made, and its head doesn't have. */
const ofAnAttemptsRecord = [
  ...ofAnAttempt,
  "outputs",
  "log",
  "handle",
  "submitted_at",
  "queue_definition",
  "image",
  "command",
] as const;

/** Nobody wants it any more, and no agent has had it. */
export function cancelled(document: RunDocument, message: string, now: Date): Transition {
  return made("cancelled", document.run, () => become(document, endOf(cancelledOutcome(message), now), now));
}

/** It waits at another place. */
export function prioritized(document: RunDocument, priority: QueuedHead["priority"], now: Date): Transition {
  return madeInQueue("prioritized", document, (queued) => waiting(document, { ...queued, priority }, now));
}

/** A document as a store writes it to where runs wait, whatever its writer left in it. */
export function asWaiting(document: RunDocument): RunDocument {
  const free = heldByNobody(document);
  if (free.run.state === "queued") return free;
  return { ...free, run: { ...free.run, state: "queued" }, record: { ...free.record, state: "queued" } };
}

/** The same for where runs have ended. */
export function heldByNobody(document: RunDocument): RunDocument {
  return document.run.lease === undefined ? document : { ...document, run: without(document.run, ["lease"]) };
}

/** Where a store has a run of a queue. */
export type QueuePlace = "waiting" | "leased" | "ended";

/**
 * A head as the place says that its run is: a store is moved from place to place, and the state is what somebody wrote. What would be in
 * none of its place's states could neither be taken, nor cancelled, nor let wait again.
 */
export function placed(head: RunHead, place: QueuePlace): RunHead {
  if (isOfPlace[place](head.state)) return head;
  const { state, updated_at: at } = head;
  const bare = without(head, [...ofAnAttempt, "lease"]);
  if (place === "waiting") return { ...bare, state: "queued" };
  if (place === "leased") return { ...without(head, ofAnEnd), state: "leased" };
  return { ...bare, ...endOf(lostOutcome(`it is among the ended ones, and its state was "${state}"`), new Date(at)) };
}

const isOfPlace: Readonly<Record<QueuePlace, (state: RunState) => boolean>> = {
  waiting: (state) => state === "queued",
  leased: (state) => state !== "queued" && !isFinal(state),
  ended: isFinal,
};

/** The same of a whole document. */
export function placedDocument(document: RunDocument, place: QueuePlace): RunDocument {
  const run = placed(document.run, place);
  return run === document.run ? document : { ...document, run, record: recordedAs(run, document.record) };
}
