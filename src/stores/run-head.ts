import { z } from "zod";
import { runReasons, runStates } from "../core/run.ts";
import type { RunHead } from "./store.ts";

/** A run's head, as it is read back from wherever it was written. */
export const runHeadSchema = z.object({
  schema_version: z.literal(1),
  run_id: z.string(),
  name: z.string(),
  entity: z.string(),
  project: z.string(),
  state: z.enum(runStates),
  reason: z.enum(runReasons).exactOptional(),
  message: z.string().exactOptional(),
  exit_code: z.int().exactOptional(),
  resource: z.string(),
  attempt: z.int(),
  by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  finished_at: z.string().exactOptional(),
  source: z.string(),
  metrics: z.record(z.string(), z.number()).exactOptional(),
}) satisfies z.ZodType<RunHead>;
