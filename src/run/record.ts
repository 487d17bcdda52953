import { z } from "zod";
import { phases } from "../core/output/log.ts";
import {
  attemptField,
  countField,
  durationMsField,
  jsonObjectField,
  lineField,
  listOf,
  mapOf,
  textField,
  timeField,
} from "./fields.ts";
import { handleSchema } from "./handle.ts";
import { provenanceSchema } from "./provenance.ts";
import { runReasons, runStates } from "./states.ts";
import { schemaVersion } from "./unreadable.ts";

const ciRunSchema = z
  .object({
    provider: lineField,
    repository: lineField,
    workflow: lineField,
    job: lineField,
    run_id: lineField,
    run_attempt: lineField,
    event: lineField,
    actor: lineField,
    url: lineField,
  })
  .readonly()
  .describe("The CI run that launched it, as far as one did.");
export type CiRun = z.output<typeof ciRunSchema>;

const imageSchema = z
  .object({
    reference: lineField.describe("What ran, by digest where there is one."),
    digest: lineField.exactOptional(),
    outcome: z.enum(["built", "unchanged", "given"]),
    name: lineField.exactOptional(),
    input_hash: lineField.exactOptional(),
    dockerfile: z.object({ origin: textField, sha256: lineField }).readonly().exactOptional(),
    bases: listOf(z.object({ reference: lineField, digest: lineField.exactOptional() }).readonly()).exactOptional(),
    platform: lineField.exactOptional(),
    build_arguments: mapOf(textField).exactOptional(),
    reproducible: z.boolean().exactOptional(),
    not_reproducible_because: textField.exactOptional(),
  })
  .readonly();
export type ImageRecord = z.output<typeof imageSchema>;

const queuedSourceSchema = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("image"), image: lineField }).readonly(),
    z
      .object({
        kind: z.literal("remote"),
        url: textField,
        version: lineField,
        subdirectory: textField.exactOptional(),
        tree: lineField.exactOptional().describe("What was fetched and patched must have this hash."),
      })
      .readonly(),
    z
      .object({
        kind: z.literal("directory"),
        path: textField,
        host: lineField,
        include_untracked: z.boolean(),
        tree: lineField.exactOptional(),
      })
      .readonly()
      .describe("Only in a store of this machine."),
  ])
  .describe("Where the agent that takes the run gets its code from; the patch travels beside the record.");
export type QueuedSource = z.output<typeof queuedSourceSchema>;

const queuedRecordSchema = z
  .object({
    queue: lineField,
    definition: lineField.describe("Hash of the definition that the spec was merged with."),
    submitted: jsonObjectField.describe(
      "The spec as it was submitted, before the definition was merged into it: an agent does that again.",
    ),
    source: queuedSourceSchema,
  })
  .readonly()
  .describe("Present for a run of a queue.");

/** What of a record is of its queue. */
export type QueuedRecord = z.output<typeof queuedRecordSchema>;

export const attemptSchema = z
  .object({
    attempt: attemptField,
    agent: lineField,
    host: lineField.exactOptional(),
    state: z.enum(runStates),
    reason: z.enum(runReasons).exactOptional(),
    message: textField.exactOptional(),
    exit_code: z.int().exactOptional(),
    started_at: timeField.exactOptional(),
    ended_at: timeField,
    given_back: z
      .boolean()
      .exactOptional()
      .describe("It was ended for its agent's sake, and counts for no limit of attempts."),
  })
  .readonly();

/** One attempt that has ended, as it is written and as it is told. */
export type AttemptRecord = z.output<typeof attemptSchema>;

const outputFileSchema = z.object({ path: textField, bytes: countField, sha256: lineField }).readonly();
export type OutputFile = z.output<typeof outputFileSchema>;

const launcherSchema = z
  .object({
    version: lineField,
    host: lineField,
    platform: lineField,
    node: lineField,
    job: textField
      .exactOptional()
      .describe(
        "The page of the CI job that it is, where it is one: of a run of a queue, the agent's, and `ci` is the submitter's.",
      ),
  })
  .readonly();

/** A record, as it is read back from wherever it was written. */
export const runRecordSchema = z
  .object({
    schema_version: z.literal(schemaVersion),
    run_id: lineField,
    attempt: attemptField,
    nonce: lineField
      .exactOptional()
      .describe("Made when the run was registered: it tells the run from others of its id, on whatever machine."),
    name: lineField,
    entity: lineField,
    project: lineField,
    by: lineField.describe("Who asked, as claimed."),
    ci: ciRunSchema.exactOptional(),
    queued: queuedRecordSchema.exactOptional(),
    launcher: launcherSchema,
    source: provenanceSchema.exactOptional(),
    requirement_files: listOf(z.object({ path: textField, sha256: lineField }).readonly())
      .exactOptional()
      .describe("Files that name what is installed: requirements, lock files, Dockerfiles."),
    image: imageSchema.exactOptional(),
    resource: lineField,
    resource_args: jsonObjectField,
    command: listOf(textField)
      .exactOptional()
      .describe("The whole argv; the image's own entry point goes before it when `command` is absent."),
    args: listOf(textField),
    run_config: jsonObjectField,
    env: mapOf(textField),
    secrets: mapOf(lineField).describe("Variable → name of the secret that filled it."),
    timeout_ms: durationMsField.exactOptional(),
    spec: jsonObjectField.describe("The spec as it was resolved: what a reproduction starts from."),
    handle: handleSchema.exactOptional(),
    submitted_at: timeField
      .exactOptional()
      .describe(
        "When it was handed over, of a run that is elsewhere: its timeout counts from here, whoever follows it.",
      ),
    queue_definition: jsonObjectField
      .exactOptional()
      .describe(
        "The queue's definition that it was started with, of a run that is elsewhere: who follows it goes by it.",
      ),
    created_at: timeField,
    started_at: timeField.exactOptional(),
    finished_at: timeField.exactOptional(),
    phases: listOf(z.object({ phase: z.enum(phases), ms: durationMsField }).readonly()),
    state: z.enum(runStates),
    reason: z.enum(runReasons).exactOptional(),
    message: textField.exactOptional(),
    exit_code: z.int().exactOptional(),
    metrics: mapOf(z.number()).exactOptional(),
    outputs: listOf(outputFileSchema).exactOptional(),
    log: z
      .object({ lines: countField, bytes: countField, file: textField, complete: z.boolean() })
      .readonly()
      .exactOptional(),
    warnings: listOf(textField),
    attempts: listOf(attemptSchema)
      .exactOptional()
      .describe("The attempts that have ended, of a run that a queue held."),
  })
  .readonly();

/**
 * The record: what exactly ran, enough to run it again. Times are ISO 8601, UTC; hashes are sha256 in hex; `null` never appears:
 * what isn't known is absent. Values of secrets are nowhere in it.
 */
export type RunRecord = z.output<typeof runRecordSchema>;
