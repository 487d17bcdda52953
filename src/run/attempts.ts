import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
import { runReasons, runStates } from "./states.ts";
import type { AttemptRecord } from "./record.ts";

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
