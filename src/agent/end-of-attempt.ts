import { hostname } from "node:os";
import { isJsonObject, toJson } from "../core/json.ts";
import { isFinal, type RunReason } from "../core/run.ts";
import type { AttemptRecord } from "../launch/record.ts";
import type { QueueEntry } from "../stores/queue-store.ts";
import type { RunDocument } from "../stores/store.ts";
import { retryDelay, retryPolicyOf } from "./retry.ts";

/** What is to be written when an attempt has ended. */
export type AttemptEnd =
  | { readonly kind: "finish"; readonly document: RunDocument }
  | { readonly kind: "retry"; readonly document: RunDocument; readonly delayMs: number }
  | { readonly kind: "give-back"; readonly document: RunDocument };

export type EndRequest = {
  /** The run at the attempt's end, as a launch without a queue would store it. */
  readonly ended: RunDocument;
  readonly agent: string;
  /** It was ended for the agent's sake: it waits again, whatever its policy says of attempts. */
  readonly givenBack: boolean;
  readonly now: Date;
};

/** Decides between the run's end and another attempt, and writes the attempt down. */
export function endOfAttempt({ ended, agent, givenBack, now }: EndRequest): AttemptEnd {
  const { run } = ended;
  const earlier = attemptsOf(ended);
  const attempt = attemptRecord(ended, agent, now, givenBack && run.state !== "succeeded");
  const attempts = [...earlier.filter((item) => item.attempt !== run.attempt), attempt];
  if (givenBack && run.state !== "succeeded") {
    return { kind: "give-back", document: waiting(ended, attempts, now, 0) };
  }
  if (run.state === "failed") {
    const failed = { attempt: run.attempt, reason: run.reason ?? "lost", exitCode: run.exit_code, earlier };
    const delayMs = retryDelay(retryPolicyOf(ended), failed);
    if (delayMs !== undefined) return { kind: "retry", document: waiting(ended, attempts, now, delayMs), delayMs };
  }
  return { kind: "finish", document: { ...ended, record: toJson({ ...ended.record, attempts }) } };
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

function attemptRecord({ run, record }: RunDocument, agent: string, now: Date, givenBack: boolean): AttemptRecord {
  const { started_at: startedAt } = record;
  const { state } = run;
  const how = givenBack
    ? ({ state: "cancelled", reason: "preempted", given_back: true } as const)
    : {
        state: isFinal(state) ? state : ("failed" as const),
        ...(run.reason === undefined ? {} : { reason: run.reason }),
      };
  return {
    attempt: run.attempt,
    agent,
    host: hostname(),
    ...how,
    ...(run.message === undefined ? {} : { message: run.message }),
    ...(run.exit_code === undefined ? {} : { exit_code: run.exit_code }),
    ...(typeof startedAt === "string" ? { started_at: startedAt } : {}),
    ended_at: now.toISOString(),
  };
}

/** The attempts that the record has; what it says of them is another's word and may be anything. */
function attemptsOf({ record }: RunDocument): readonly AttemptRecord[] {
  const { attempts } = record;
  if (!Array.isArray(attempts)) return [];
  return attempts.filter(isAttempt);
}

function isAttempt(value: unknown): value is AttemptRecord {
  return isJsonObject(value) && typeof value["attempt"] === "number" && typeof value["ended_at"] === "string";
}

/** A launch knows nothing of queues: what the head says of them stays as it was. */
export function inQueue({ run }: QueueEntry, document: RunDocument): RunDocument {
  const { queued } = run;
  return {
    ...document,
    run: { ...document.run, ...(queued === undefined ? {} : { queued }) },
  };
}
