import { z } from "zod";
import { isJsonObject } from "../core/json.ts";
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

/** The newest that this version reads. */
export const schemaVersion = 1;

export type ReadHead =
  { readonly kind: "run"; readonly run: RunHead } | { readonly kind: "unreadable"; readonly why: string };

/** Reads a head, which people know as `called`. What can't be read says why, and is left alone by everyone. */
export function readRunHead(value: unknown, called: string): ReadHead {
  if (isNewer(value)) {
    const { schema_version: version } = value;
    const why = `it was written by a newer launch (schema_version ${version}, this one reads ${schemaVersion})`;
    return { kind: "unreadable", why };
  }
  const parsed = runHeadSchema.safeParse(value);
  if (parsed.success) return { kind: "run", run: parsed.data };
  const issue = parsed.error.issues[0];
  const why = `its ${called} is wrong at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`;
  return { kind: "unreadable", why };
}

/** Of a schema that came after ours. */
export function isNewer(value: unknown): value is { readonly schema_version: number } {
  if (!isJsonObject(value)) return false;
  const { schema_version: version } = value;
  return typeof version === "number" && version > schemaVersion;
}
