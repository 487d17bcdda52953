import { isJsonObject } from "../core/json.ts";
import type { RunReason } from "./states.ts";
import type { AttemptRecord } from "./record.ts";
import { launchSpecSchema } from "../spec/launch-spec/launch-spec.ts";
import type { RunDocument } from "./document.ts";

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
  const retry = launchSpecSchema.shape.retry.safeParse(written).data;
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
