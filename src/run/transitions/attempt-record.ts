import type { RunDocument } from "../document.ts";
import type { AttemptRecord } from "../record.ts";
import { isFinal } from "../states.ts";

export type AttemptHolder = {
  readonly agent: string;
  /** The agent's; undefined where that is not known. */
  readonly host: string | undefined;
  /** The attempt was ended for the agent's sake. */
  readonly isGivenBack: boolean;
};

const longestMessage = 1_000;

/** What is kept of an attempt that has ended. */
export function attemptOf(
  { run, record }: RunDocument,
  { agent, host, isGivenBack }: AttemptHolder,
  now: Date,
): AttemptRecord {
  const { state, reason, message, exit_code: code } = run;
  const { started_at: startedAt } = record;
  const how = isGivenBack
    ? ({ state: "cancelled", reason: "preempted", given_back: true } as const)
    : { state: isFinal(state) ? state : ("failed" as const), ...(reason === undefined ? {} : { reason }) };
  return {
    attempt: run.attempt,
    agent,
    ...(host === undefined ? {} : { host }),
    ...how,
    // There may be hundreds.
    ...(message === undefined ? {} : { message: message.slice(0, longestMessage) }),
    ...(code === undefined ? {} : { exit_code: code }),
    ...(typeof startedAt === "string" ? { started_at: startedAt } : {}),
    ended_at: now.toISOString(),
  };
}
