import { z } from "zod";
import { isJsonObject } from "../core/json.ts";
import type { RunDocument } from "./document.ts";
import { durationField } from "./duration-field.ts";
import type { AttemptRecord } from "./record.ts";
import type { RunReason } from "./states.ts";

/** What of a failed run another attempt is made for. */
const retryReasons = [
  "exit-code",
  "signal",
  "timeout",
  "out-of-memory",
  "preempted",
  "lost",
  "image-pull",
  "unschedulable",
  "submit-failed",
] as const satisfies readonly RunReason[];

const retryField = z.union([
  z.enum(retryReasons),
  z.strictObject({ "exit-code": z.array(z.int().min(1).max(255)).min(1) }),
]);

/** `retry` of a spec, as it is written. */
export const retrySchema = z.strictObject({
  max_attempts: z.int().min(1).max(100),
  on: z.array(retryField, "a list of reasons").optional(),
  backoff: durationField.optional(),
});

/** When a run that failed is tried again. */
export type RetryPolicy = {
  readonly maxAttempts: number;
  readonly on: readonly (RunReason | { readonly "exit-code": readonly number[] })[];
  readonly backoffMs: number;
};

/** What is not the run's own doing. */
const defaultReasons = ["preempted", "lost"] as const satisfies readonly RunReason[];
const longestBackoffMs = 3_600_000;

/** The policy that the run was submitted with. */
export function retryPolicyOf({ run, record }: RunDocument): RetryPolicy {
  const queued = record["queued"];
  const submitted = isJsonObject(queued) ? queued["submitted"] : undefined;
  const written = isJsonObject(submitted) ? submitted["retry"] : undefined;
  const retry = retrySchema.safeParse(written).data;
  return {
    maxAttempts: retry?.max_attempts ?? run.queued?.attempts_max ?? 1,
    on: retry?.on ?? defaultReasons,
    backoffMs: retry?.backoff ?? 0,
  };
}

/** Whether a run that was begun may be begun again when it was ended for its agent's sake: such an end is a preemption. */
export function allowsGivingBack({ maxAttempts, on }: RetryPolicy): boolean {
  return maxAttempts > 1 && on.includes("preempted");
}

export type FailedAttempt = {
  readonly attempt: number;
  readonly reason: RunReason;
  readonly exitCode: number | undefined;
  /** Those before it. */
  readonly earlier: readonly AttemptRecord[];
};

/** How long to wait before the next attempt; undefined when there is to be none. The wait doubles with each attempt, to an hour. */
export function retryDelay(policy: RetryPolicy, failed: FailedAttempt): number | undefined {
  const { reason, exitCode } = failed;
  const asked = policy.on.some((item) =>
    typeof item === "string"
      ? item === reason
      : reason === "exit-code" && exitCode !== undefined && item["exit-code"].includes(exitCode),
  );
  const counted = failed.attempt - failed.earlier.filter(({ given_back: given }) => given === true).length;
  if (!asked || counted >= policy.maxAttempts) return undefined;
  return Math.min(policy.backoffMs * 2 ** (counted - 1), longestBackoffMs);
}
