import { z } from "zod";
import { isJsonObject } from "../core/json.ts";
import { runReasons, runStates, type RunState, type RunReason } from "./states.ts";

/** A run's head (`run.json`): what lists show, and its state. Times are ISO 8601, UTC. */
export type RunHead = {
  readonly schema_version: 1;
  readonly run_id: string;
  readonly name: string;
  readonly entity: string;
  readonly project: string;
  readonly state: RunState;
  readonly reason?: RunReason;
  readonly message?: string;
  readonly exit_code?: number;
  readonly resource: string;
  readonly attempt: number;
  /** Who asked, as claimed. */
  readonly by: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** When it was started at its resource, the last time that it was. */
  readonly started_at?: string;
  readonly finished_at?: string;
  /** For people: `3f9c2e1a7b40 + patch`. */
  readonly source: string;
  readonly metrics?: Readonly<Record<string, number>>;
  /** What a queue needs to know of the run; absent for one that no queue holds. */
  readonly queued?: QueuedHead;
  /** Who has it now; present while it is leased. */
  readonly lease?: Lease;
  /** While it goes from one store to another: a copy that is held says where it comes from, what has ended where it went. */
  readonly moved?: { readonly from: string } | { readonly to: string };
};

/** The part of a head that queues work with. Durations are in ms. */
export type QueuedHead = {
  readonly queue: string;
  readonly priority: 0 | 1 | 2 | 3;
  readonly enqueued_at: string;
  /** Not to be started before. */
  readonly not_before?: string;
  /** What it takes of its agent's machine: name → count. */
  readonly slots: Readonly<Record<string, number>>;
  readonly timeout_ms?: number;
  /** Runs that were enqueued together. */
  readonly group?: string;
  /** A later run of the same key replaces it while it waits. */
  readonly replace?: string;
  /** Hash of the queue definition that it was merged with. */
  readonly definition: string;
  readonly attempts_max: number;
};

/** An agent's claim on a run. The incarnation is new at each start of an agent, so that two of one id are told apart. */
export type Lease = {
  readonly agent: string;
  readonly incarnation: string;
  readonly attempt: number;
  readonly since: string;
};

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
  moved: z.union([z.object({ from: z.string() }), z.object({ to: z.string() })]).exactOptional(),
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
