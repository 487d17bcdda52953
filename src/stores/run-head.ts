import { z } from "zod";
import { runReasons, runStates } from "../core/run.ts";
import type { Lease, QueuedHead, RunHead } from "./store.ts";

const queuedHeadSchema = z.object({
  queue: z.string(),
  priority: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  enqueued_at: z.string(),
  not_before: z.string().exactOptional(),
  slots: z.record(z.string(), z.number()),
  timeout_ms: z.number().exactOptional(),
  group: z.string().exactOptional(),
  replace: z.string().exactOptional(),
  definition: z.string(),
  attempts_max: z.int(),
}) satisfies z.ZodType<QueuedHead>;

const leaseSchema = z.object({
  agent: z.string(),
  incarnation: z.string(),
  attempt: z.int(),
  since: z.string(),
}) satisfies z.ZodType<Lease>;

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
  started_at: z.string().exactOptional(),
  finished_at: z.string().exactOptional(),
  source: z.string(),
  metrics: z.record(z.string(), z.number()).exactOptional(),
  queued: queuedHeadSchema.exactOptional(),
  lease: leaseSchema.exactOptional(),
}) satisfies z.ZodType<RunHead>;
