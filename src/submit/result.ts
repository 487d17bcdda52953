import { type JsonObject, toJson } from "../core/json.ts";
import type { LaunchError } from "../core/errors.ts";
import { elapsedOf } from "../reporting/run-report.ts";
import type { RunResult } from "../launch/services.ts";

/** The version of `result`. Fields are added under the same number; a meaning never changes under it. */
const schemaVersion = 1;

/** A finished run for machines: the last event of `--json`, and the action's output `result`. */
export function resultOf({ runId, outcome, record, recordFile, logFile, store }: RunResult): JsonObject {
  return toJson({
    schema_version: schemaVersion,
    run_id: runId,
    state: outcome.state,
    ...(outcome.state === "succeeded" ? {} : { reason: outcome.reason, message: record.message ?? outcome.message }),
    exit_code: outcome.exitCode,
    resource: record.resource,
    commit: record.source?.commit,
    image: record.image?.reference,
    image_digest: record.image?.digest,
    elapsed_ms: elapsedOf(record),
    metrics: record.metrics ?? {},
    record: recordFile,
    log: logFile,
    store,
  });
}

/** The result of a launch that made no run. */
export function faultResultOf(reason: LaunchError["code"] | "bug", message: string): JsonObject {
  return { schema_version: schemaVersion, state: reason === "cancelled" ? "cancelled" : "failed", reason, message };
}
