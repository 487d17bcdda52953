import type { LeaseWrite, QueueEntry, QueueStore } from "../../stores/queue-store.ts";
import { say } from "../../core/output/said.ts";
import type { Served } from "../context.ts";
import type { AttemptEnd, AttemptResult } from "../../run/end-of-attempt.ts";
import { lostOutcome, type RunOutcome } from "../../run/outcome.ts";
import type { RunDocument } from "../../run/document.ts";
import { bareEnd, bareWait } from "../../run/transitions/bare-end.ts";
import { RefusedDocument } from "../../stores/refused-document.ts";
import type { LeaseEntry } from "./lease-entry.ts";
import { reserveNext } from "../taking/take.ts";

type EndWrite = AttemptResult | "fenced";

/** A run that is held, with the document that it was taken with. */
export type Held = { readonly served: Served; readonly leased: LeaseEntry; readonly taken: RunDocument };

/** Writes what became of an attempt, and gives that. What the store refuses for what is in it ends with no more than how it ended. */
export async function writeEnd(end: AttemptEnd, { served, leased, taken }: Held): Promise<EndWrite> {
  let refused: RefusedDocument | undefined;
  for (const next of ["next", "alone"] as const) {
    try {
      return (await insistOnEnd(end, { served, leased, next })) === "written" ? end.result : "fenced";
    } catch (error) {
      if (!(error instanceof RefusedDocument)) throw error;
      // It may have been the next run's fault.
      refused = error;
    }
  }
  return writeBare(end, { served, leased, taken }, refused?.message ?? "");
}

/** Puts a run back of which nothing was begun. */
export async function writeBack(waiting: RunDocument, held: Held): Promise<EndWrite> {
  const { served, leased } = held;
  const { store } = served;
  const end: AttemptEnd = { kind: "give-back", document: waiting, result: { kind: "given-back" } };
  try {
    const written = await leased.insist((entry, signal) => store.release(entry, waiting, signal));
    return written === "written" ? end.result : "fenced";
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error;
    return writeBare(end, held, error.message);
  }
}

/** A run's end where its document is refused: it waits as it did before, where it is to wait; where that is refused, too, it has ended. */
async function writeBare(end: AttemptEnd, { served, leased, taken }: Held, why: string): Promise<EndWrite> {
  const { launcher, log, clock } = served.agent.services;
  log.warning(say`${end.document.run.name}  what it has made is not kept: ${why}`);
  const waiting = bareWait(end.document, { taken, why }, clock.now());
  if (waiting !== undefined) {
    const bare: AttemptEnd = { ...end, document: waiting };
    try {
      return (await insistOnEnd(bare, { served, leased, next: "alone" })) === "written" ? bare.result : "fenced";
    } catch (error) {
      if (!(error instanceof RefusedDocument)) throw error;
    }
  }
  const document = bareEnd(end.document, { outcome: outcomeOf(end), launcher, why }, clock.now());
  const { reason, message = "" } = document.run;
  const result: AttemptResult =
    reason === undefined
      ? { kind: "succeeded" }
      : { kind: document.run.state === "cancelled" ? "cancelled" : "failed", reason, message };
  const bare: AttemptEnd = { kind: "finish", document, result };
  return (await insistOnEnd(bare, { served, leased, next: "alone" })) === "written" ? result : "fenced";
}

/** A run whose document is refused, also as it was when it was taken, is not tried again: what it was asked to be is in it. */
function outcomeOf({ document: { run }, result }: AttemptEnd): RunOutcome {
  if (result.kind === "succeeded") return { state: "succeeded", exitCode: 0 };
  if (!("reason" in result))
    return lostOutcome("its agent had to stop, and its store refuses what is to be kept of it");
  return {
    state: result.kind === "cancelled" ? "cancelled" : "failed",
    reason: result.reason,
    message: result.message,
    ...(run.exit_code === undefined ? {} : { exitCode: run.exit_code }),
  };
}

type Insisting = { readonly served: Served; readonly leased: LeaseEntry; readonly next: "next" | "alone" };

/** With a run's end the next run is taken in the same request. Tries until it is known. */
async function insistOnEnd(
  end: AttemptEnd,
  { served, leased, next: takesNext }: Insisting,
): Promise<"written" | "fenced"> {
  const { store } = served;
  let tries = 0;
  const write = async (entry: QueueEntry, signal: AbortSignal): Promise<LeaseWrite> => {
    // After an answer that was lost the next run may be ours already: a snapshot tells.
    const next =
      end.kind === "finish" && takesNext === "next" && tries++ === 0 ? reserveNext(served, entry) : undefined;
    if (next === undefined) return writeAlone({ store, entry }, end, signal);
    return next.during(async () => {
      const finished =
        next.kind === "pick"
          ? await next.store.finishAndClaimNext(entry, { document: end.document, next: next.request }, signal)
          : await store.finish(entry, { document: end.document, next: next.request }, signal);
      return { result: finished.finish, claim: finished.next };
    });
  };
  const written = await leased.insist(write);
  if (written === "written" || (await isThere(end, served, leased.entry()))) return "written";
  return "fenced";
}

type Ending = { readonly store: QueueStore; readonly entry: QueueEntry };

/** The same with no other run, tried once. */
export async function writeAlone(
  { store, entry }: Ending,
  { kind, document }: AttemptEnd,
  signal: AbortSignal,
): Promise<LeaseWrite> {
  return kind === "finish"
    ? (await store.finish(entry, { document }, signal)).finish
    : await store.release(entry, document, signal);
}

/** Whether what was refused as old is there all the same: our own write, whose answer was lost. */
async function isThere({ document }: AttemptEnd, served: Served, { run }: QueueEntry): Promise<boolean> {
  const { agent, store } = served;
  const { stored } = await served.patience.insist(
    async (signal) => ({ kind: "read", stored: await store.read(run.run_id, signal) }),
    agent.writes,
  );
  return stored?.run.attempt === document.run.attempt && stored.run.updated_at === document.run.updated_at;
}
