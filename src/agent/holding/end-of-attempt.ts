import { toJson } from "../../core/json.ts";
import { isFinal, type RunReason } from "../../run/states.ts";
import { attemptsIn } from "../../run/read-record.ts";
import type { AttemptRecord } from "../../run/record.ts";
import type { QueueEntry } from "../../stores/queue-store.ts";
import type { RunDocument } from "../../run/document.ts";
import { allowsGivingBack, retryDelay, retryPolicyOf } from "../../run/retry.ts";

/** What is to be written when an attempt has ended. */
export type AttemptEnd =
  | { readonly kind: "finish"; readonly document: RunDocument }
  | { readonly kind: "retry"; readonly document: RunDocument; readonly delayMs: number }
  | { readonly kind: "give-back"; readonly document: RunDocument };

export type EndRequest = {
  /** The run at the attempt's end, as a launch without a queue would store it. */
  readonly ended: RunDocument;
  readonly agent: string;
  /** The agent's; undefined where that is not known. */
  readonly host: string | undefined;
  /** It was ended for the agent's sake: that counts for no limit of attempts. */
  readonly givenBack: boolean;
  readonly now: Date;
};

/** Decides between the run's end and another attempt, and writes the attempt down. */
export function endOfAttempt(request: EndRequest): AttemptEnd {
  const { ended, now } = request;
  const { run } = ended;
  const isCut = request.givenBack && run.state !== "succeeded";
  const earlier = attemptsIn(ended.record);
  const attempts = [...earlier.filter((item) => item.attempt !== run.attempt), attemptRecord(request, isCut)];
  if (isCut) {
    const isBegun = typeof ended.record["started_at"] === "string";
    if (isBegun && !allowsGivingBack(retryPolicyOf(ended))) return preempted(ended, attempts);
    return { kind: "give-back", document: waiting(ended, attempts, now, 0) };
  }
  if (run.state === "failed") {
    const failed = { attempt: run.attempt, reason: run.reason ?? "lost", exitCode: run.exit_code, earlier };
    const delayMs = retryDelay(retryPolicyOf(ended), failed);
    if (delayMs !== undefined) return { kind: "retry", document: waiting(ended, attempts, now, delayMs), delayMs };
  }
  return { kind: "finish", document: { ...ended, record: toJson({ ...ended.record, attempts }) } };
}

/** What was begun may not be begun again when its policy doesn't ask for that. */
function preempted(ended: RunDocument, attempts: readonly AttemptRecord[]): AttemptEnd {
  const message = "its agent had to stop, and its retry policy asks for no other attempt";
  const end = { state: "cancelled", reason: "preempted", message } as const;
  const record = toJson({ ...ended.record, ...end, attempts });
  return { kind: "finish", document: { ...ended, run: { ...ended.run, ...end }, record } };
}

/** An attempt whose holder is gone. */
export function lostDocument(document: RunDocument, words: string, now: Date): RunDocument {
  const at = now.toISOString();
  const reason: RunReason = "lost";
  const end = { state: "failed", reason, message: words, finished_at: at } as const;
  return {
    ...document,
    run: { ...document.run, ...end, updated_at: at },
    record: toJson({ ...document.record, ...end, attempt: document.run.attempt }),
  };
}

/** What is left to do with a run that is lost, and that somebody had cancelled: it has ended as they wanted. */
export function cancelledEnd(end: AttemptEnd, lost: RunDocument): AttemptEnd {
  const { message = "" } = lost.run;
  const how = { state: "cancelled", reason: "cancelled", message: `cancelled; ${message}` } as const;
  const record = toJson({ ...lost.record, ...how, attempts: end.document.record["attempts"] ?? [] });
  return { kind: "finish", document: { ...lost, run: { ...lost.run, ...how }, record } };
}

/** A run that was taken, and of which nothing was started: its attempt doesn't count. */
export function untaken(document: RunDocument): RunDocument {
  return { ...document, run: { ...document.run, attempt: document.run.attempt - 1 } };
}

/** The same run, waiting for its next attempt: of what the last one came to, `attempts` alone speaks. */
function waiting(ended: RunDocument, attempts: readonly AttemptRecord[], now: Date, delayMs: number): RunDocument {
  const { queued } = ended.run;
  if (queued === undefined) throw new Error(`run "${ended.run.run_id}" is of no queue`);
  const rest = without(queued, ["not_before"]);
  const run = without(ended.run, ["reason", "message", "exit_code", "finished_at", "started_at", "metrics", "lease"]);
  const record = without(ended.record, [
    ...["reason", "message", "exit_code", "finished_at", "started_at", "metrics"],
    ...["outputs", "log", "handle", "image"],
  ]);
  const notBefore = delayMs === 0 ? {} : { not_before: new Date(now.getTime() + delayMs).toISOString() };
  return {
    ...ended,
    run: { ...run, state: "queued", queued: { ...rest, ...notBefore }, updated_at: now.toISOString() },
    record: toJson({ ...record, state: "queued", attempts }),
  };
}

function without<T extends object, K extends string>(value: T, keys: readonly K[]): Omit<T, K> {
  const copy = { ...value };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy;
}

function attemptRecord({ ended: { run, record }, agent, host, now }: EndRequest, isCut: boolean): AttemptRecord {
  const { started_at: startedAt } = record;
  const { state } = run;
  const how = isCut
    ? ({ state: "cancelled", reason: "preempted", given_back: true } as const)
    : {
        state: isFinal(state) ? state : ("failed" as const),
        ...(run.reason === undefined ? {} : { reason: run.reason }),
      };
  return {
    attempt: run.attempt,
    agent,
    ...(host === undefined ? {} : { host }),
    ...how,
    ...(run.message === undefined ? {} : { message: run.message }),
    ...(run.exit_code === undefined ? {} : { exit_code: run.exit_code }),
    ...(typeof startedAt === "string" ? { started_at: startedAt } : {}),
    ended_at: now.toISOString(),
  };
}

/** A launch knows nothing of queues: what the head says of them stays as it was. */
export function inQueue({ run }: QueueEntry, document: RunDocument): RunDocument {
  const { queued } = run;
  return {
    ...document,
    run: { ...document.run, ...(queued === undefined ? {} : { queued }) },
  };
}
