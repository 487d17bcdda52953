import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
import type { RunDocument } from "./document.ts";
import type { AttemptRecord } from "./record.ts";
import { isFinal, runReasons, runStates } from "./states.ts";

const attemptSchema = z.object({
  attempt: z.int(),
  agent: z.string(),
  host: z.string().exactOptional(),
  state: z.enum(runStates),
  reason: z.enum(runReasons).exactOptional(),
  message: z.string().exactOptional(),
  exit_code: z.int().exactOptional(),
  started_at: z.string().exactOptional(),
  ended_at: z.string(),
  given_back: z.boolean().exactOptional(),
}) satisfies z.ZodType<AttemptRecord>;

/** The ended attempts that a record tells of. It is another's word: what is none is left out. */
export function attemptsIn({ attempts }: JsonObject): readonly AttemptRecord[] {
  if (!Array.isArray(attempts)) return [];
  return attempts.flatMap((item) => attemptSchema.safeParse(item).data ?? []);
}

export type AttemptHolder = {
  readonly agent: string;
  /** The agent's; undefined where that is not known. */
  readonly host: string | undefined;
  /** The attempt was ended for the agent's sake. */
  readonly isGivenBack: boolean;
};

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
    ...(message === undefined ? {} : { message }),
    ...(code === undefined ? {} : { exit_code: code }),
    ...(typeof startedAt === "string" ? { started_at: startedAt } : {}),
    ended_at: now.toISOString(),
  };
}
