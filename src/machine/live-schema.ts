import { z } from "zod";
import { isJsonObject, type JsonBounds, type JsonObject } from "../core/json.ts";
import { identityPattern } from "../run/handle.ts";
import { runHeadSchema } from "../run/head.ts";
import type { RunOutcome } from "../run/outcome.ts";
import { runIdPattern } from "../run/run-id.ts";
import { runReasons } from "../run/states.ts";

/* An entry of this machine's live attempts, as it is written: see live-entry.ts. */
export const liveVersion = 1;

/** Of an entry: a head, and the queue's definition. */
export const liveBounds: JsonBounds = { bytes: 4 * 1024 * 1024, depth: 64, values: 100_000 };

const outcomeSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("succeeded"), exitCode: z.literal(0) }),
  z.object({
    state: z.enum(["failed", "cancelled"]),
    reason: z.enum(runReasons),
    message: z.string(),
    exitCode: z.int().exactOptional(),
  }),
]) satisfies z.ZodType<RunOutcome>;

export const liveSchema = z.object({
  schema_version: z.literal(liveVersion),
  run_id: z.string().regex(runIdPattern),
  attempt: z.int(),
  identity: z.string().regex(identityPattern),
  /** Processes of another host can't be looked at: its entries are left alone. */
  host: z.string(),
  launcher: z.object({ pid: z.int(), started: z.string() }),
  store: z.string(),
  /** The store's own id, of a queue's run: its location may change. */
  store_id: z.string().exactOptional(),
  /** The queue that it came from: an agent on this machine may take it over, so a sweep leaves it alone while it may be leased. */
  queue: z.string().exactOptional(),
  /** What it holds of the machine's slots. */
  slots: z.record(z.string(), z.array(z.string())).exactOptional(),
  /** The queue's definition that it was started with. */
  definition: z.custom<JsonObject>(isJsonObject).exactOptional(),
  /** Wall clock of this machine. */
  submitted_at: z.string().exactOptional(),
  /** How it ended, for a launcher that was killed before that was in the record. */
  outcome: outcomeSchema.exactOptional(),
  /** Why its agent ended it before its time, for one that could not tell its store. */
  cut: z.enum(["given-back", "dropped"]).exactOptional(),
  /** The run as it stood at its start, or at its end: for one that is killed before its store has heard of it. */
  head: runHeadSchema,
  handle: z
    .object({
      kind: z.string(),
      name: z.string(),
      identity: z.string().exactOptional(),
      details: z.record(z.string(), z.json()),
    })
    .exactOptional(),
});
