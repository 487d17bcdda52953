import { type FieldsOf, redactFields } from "../../core/output/redacted-fields.ts";
import { redactedSaid } from "../../core/output/redacted-log.ts";
import type { Redact } from "../../core/output/redaction.ts";
import { quoted, type Said, textOf } from "../../core/output/said.ts";
import type { RunRecord } from "../record.ts";
import { redactedMessage } from "./own-messages.ts";

/*
 * Whose words each field of a record has, for the secrets in it. A field that is added has to be given its place here. What is read again
 * to go on with a run (its queue's part, the handle, the definition) is ours: a run that waits was written by its submitter, and is not
 * what was asked for with a word of it changed.
 */

/** A spec as it was written: its own keys are ours. */
const specWords = {
  uri: "named",
  name: "named",
  project: "named",
  entity: "named",
  author: "named",
  run_id: "ours",
  git: "named",
  docker: "named",
  overrides: { entry_point: "free", args: "free", run_config: "free", dockerfile: "named", files: "free" },
  resource: "ours",
  queue: "named",
  priority: "ours",
  template_variables: "free",
  env: "free",
  secrets: "named",
  slots: "ours",
  timeout: "ours",
  retry: "ours",
  outputs: "free",
} as const;

const attemptWords = {
  attempt: "ours",
  agent: "named",
  host: "ours",
  state: "ours",
  reason: "ours",
  message: "free",
  exit_code: "ours",
  started_at: "ours",
  ended_at: "ours",
  given_back: "ours",
} as const;

const sourceWords = {
  kind: "ours",
  repository: "named",
  ref: "named",
  commit: "ours",
  base: "ours",
  commit_time: "ours",
  tree: "ours",
  subdirectory: "named",
  patch: { sha256: "ours", bytes: "ours", files: "free", commits: "ours" },
  untracked_included: "free",
  untracked_left_out: "free",
  marked_left_out: "free",
  submodules: { path: "free", commit: "ours" },
  lfs_pointers: "free",
  image: "named",
  reachable: "ours",
} as const;

const imageWords = {
  reference: "named",
  digest: "ours",
  outcome: "ours",
  name: "named",
  input_hash: "ours",
  dockerfile: { origin: "named", sha256: "ours" },
  bases: { reference: "named", digest: "ours" },
  platform: "ours",
  build_arguments: "free",
  reproducible: "ours",
  not_reproducible_because: "free",
} as const;

/** What the launcher says to each run; the spec's own variables are free. */
const environmentWords = {
  LAUNCH_RUN_ID: "ours",
  LAUNCH_ATTEMPT: "ours",
  LAUNCH_QUEUE: "ours",
  LAUNCH_COMMIT: "ours",
  LAUNCH_IMAGE: "named",
  WANDB_LAUNCH: "named",
  WANDB_RUN_ID: "named",
  WANDB_NAME: "named",
  WANDB_PROJECT: "named",
  WANDB_ENTITY: "named",
  WANDB_DOCKER: "named",
  WANDB_LAUNCH_QUEUE_NAME: "named",
} as const;

export const recordWords: FieldsOf<RunRecord> = {
  schema_version: "ours",
  run_id: "ours",
  attempt: "ours",
  nonce: "ours",
  name: "named",
  entity: "named",
  project: "named",
  by: "named",
  ci: "named",
  queued: "ours",
  launcher: "ours",
  source: sourceWords,
  requirement_files: { path: "free", sha256: "ours" },
  image: imageWords,
  resource: "ours",
  resource_args: "free",
  command: "free",
  args: "free",
  run_config: "free",
  env: environmentWords,
  secrets: "named",
  timeout_ms: "ours",
  spec: specWords,
  handle: "ours",
  submitted_at: "ours",
  queue_definition: "ours",
  created_at: "ours",
  started_at: "ours",
  finished_at: "ours",
  phases: "ours",
  state: "ours",
  reason: "ours",
  message: "free",
  exit_code: "ours",
  metrics: "numbers",
  outputs: { path: "free", bytes: "ours", sha256: "ours" },
  log: "ours",
  warnings: "free",
  attempts: attemptWords,
};

export type ToldRecord = {
  readonly record: RunRecord;
  /** Its warnings as they were said, by their text. */
  readonly told: ReadonlyMap<string, Said>;
};

/** A record without secrets, in whose sentences our own words stay. */
export function redactedRecord({ record, told }: ToldRecord, redact: Redact): RunRecord {
  const warnings = record.warnings.map((text) => textOf(redactedSaid(told.get(text) ?? quoted(text), redact)));
  const message = record.message === undefined ? {} : { message: redactedMessage(record.message, redact) };
  return { ...redactFields(record, recordWords, redact), warnings, ...message };
}
