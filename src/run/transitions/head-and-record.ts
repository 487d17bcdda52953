import { heldMessage, heldMetrics } from "../bounds.ts";
import type { RunHead } from "../head.ts";
import type { RunRecord } from "../record.ts";
import { describeSource } from "../source-words.ts";
import { isFinal } from "../states.ts";

/* Head and record say the same of a run's state and end: here one is made of the other. */

/** The head that lists show, from the record. */
export function headOf(record: RunRecord): RunHead {
  const now = record.finished_at ?? record.started_at ?? record.created_at;
  return {
    schema_version: 1,
    run_id: record.run_id,
    name: record.name,
    entity: record.entity,
    project: record.project,
    state: record.state,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    ...(record.message === undefined ? {} : { message: heldMessage(record.message) }),
    ...(record.exit_code === undefined ? {} : { exit_code: record.exit_code }),
    resource: record.resource,
    attempt: record.attempt,
    ...(record.nonce === undefined ? {} : { nonce: record.nonce }),
    by: record.by,
    created_at: record.created_at,
    updated_at: now,
    ...(record.started_at === undefined ? {} : { started_at: record.started_at }),
    ...(isFinal(record.state) && record.finished_at !== undefined ? { finished_at: record.finished_at } : {}),
    source: record.source === undefined ? "unknown" : describeSource(record.source),
    ...(record.metrics === undefined ? {} : { metrics: heldMetrics(record.metrics) }),
  };
}

/** The record of a run of which its head alone is known, and who launched it. */
export function recordOfHead(head: RunHead, launcher: RunRecord["launcher"]): RunRecord {
  const { schema_version, run_id, attempt, nonce, name, entity, project, by, resource, created_at } = head;
  return {
    schema_version,
    run_id,
    attempt,
    ...(nonce === undefined ? {} : { nonce }),
    name,
    entity,
    project,
    by,
    launcher,
    resource,
    resource_args: {},
    args: [],
    run_config: {},
    env: {},
    secrets: {},
    spec: {},
    created_at,
    phases: [],
    state: head.state,
    warnings: [],
  };
}
