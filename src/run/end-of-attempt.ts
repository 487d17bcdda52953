import type { RunDocument } from "./document.ts";
import { attemptsIn } from "./read-record.ts";
import type { AttemptRecord } from "./record.ts";
import { allowsGivingBack, retryDelay, retryPolicyOf } from "./retry.ts";
import type { RunReason } from "./states.ts";
import { concluded, doneOf, preempted, stopped, unwanted, waitsAgain } from "./transitions.ts";
import { attemptOf } from "./transitions/attempt-record.ts";

/** What is to be written when an attempt has ended, and what that is called. */
export type AttemptEnd = { readonly document: RunDocument; readonly result: AttemptResult } & (
  { readonly kind: "finish" | "give-back" } | { readonly kind: "retry"; readonly delayMs: number }
);

/** What an attempt came to. `retried` and `given-back` wait for another. */
export type AttemptResult =
  | { readonly kind: "succeeded" | "given-back" }
  | { readonly kind: "failed" | "cancelled" | "retried"; readonly reason: RunReason; readonly message: string };

export type EndRequest = {
  /** The run at the attempt's end, as a launch without a queue would store it. */
  readonly ended: RunDocument;
  readonly agent: string;
  /** The agent's; undefined where that is not known. */
  readonly host: string | undefined;
  /**
   * Why it may have ended before its time. `given-back` and `dropped`: for the agent's sake, and what is given back counts for no limit of
   * attempts. `unwanted`: somebody had cancelled it, and it was lost before its agent could do as they said.
   */
  readonly cut?: "given-back" | "dropped" | "unwanted" | undefined;
  readonly now: Date;
};

/** Of one that is given back again and again. */
const keptAttempts = 500;

/** Decides what an attempt came to: the run's end, or another attempt. Nobody else does. Writes the attempt down. */
export function endOfAttempt(request: EndRequest): AttemptEnd {
  const { agent, host, cut, now } = request;
  const isStopped = (cut === "given-back" || cut === "dropped") && request.ended.run.state === "cancelled";
  const ended = isStopped ? doneOf(stopped(request.ended, now)) : request.ended;
  // Only what this agent's own end has cut short is given back: a run that ended by itself has ended.
  const isGivenBack = isStopped && cut === "given-back";
  const earlier = attemptsIn(ended.record).filter(({ attempt }) => attempt !== ended.run.attempt);
  const attempts = [...earlier.slice(-keptAttempts), attemptOf(ended, { agent, host, isGivenBack }, now)];
  const waits = (delayMs: number): RunDocument => doneOf(waitsAgain(ended, { attempts, delayMs }, now));
  const ends = (document: RunDocument): AttemptEnd => {
    const { state } = document.run;
    const result: AttemptResult =
      state === "succeeded"
        ? { kind: state }
        : { kind: state === "cancelled" ? "cancelled" : "failed", ...whyOf(document) };
    return { kind: "finish", document: doneOf(concluded(document, attempts)), result };
  };
  if (cut === "unwanted") return ends(doneOf(unwanted(ended, now)));
  if (isGivenBack) {
    const isBegun = typeof ended.record["started_at"] === "string";
    if (isBegun && !allowsGivingBack(retryPolicyOf(ended))) return ends(doneOf(preempted(ended, now)));
    return { kind: "give-back", document: waits(0), result: { kind: "given-back" } };
  }
  const delayMs = retryDelayOf(ended, earlier);
  if (delayMs === undefined) return ends(ended);
  return { kind: "retry", document: waits(delayMs), delayMs, result: { kind: "retried", ...whyOf(ended) } };
}

function whyOf({ run }: RunDocument): { readonly reason: RunReason; readonly message: string } {
  const { reason = "lost", message = "" } = run;
  return { reason, message };
}

function retryDelayOf(ended: RunDocument, earlier: readonly AttemptRecord[]): number | undefined {
  const { state, attempt, reason = "lost", exit_code: exitCode } = ended.run;
  return state === "failed" ? retryDelay(retryPolicyOf(ended), { attempt, reason, exitCode, earlier }) : undefined;
}
