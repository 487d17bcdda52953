import { formatDuration } from "../core/duration.ts";
import type { RunReport } from "./report.ts";
import type { RunOutcome } from "../run/outcome.ts";
import { describeSource } from "../run/source-words.ts";
import type { ImageRecord, RunRecord } from "../run/record.ts";

export type ReportRequest = {
  readonly record: RunRecord;
  readonly lastLines: readonly string[];
  /** The commands that run it again. */
  readonly again: readonly string[];
};

/** What people are told of a run, from its record. */
export function reportOf({ record, lastLines, again }: ReportRequest): RunReport {
  const { source, image } = record;
  return {
    runId: record.run_id,
    name: record.name,
    outcome: outcomeOfRecord(record),
    resource: record.resource,
    elapsedMs: elapsedOf(record),
    startedAt: record.started_at ?? record.created_at,
    source: source === undefined ? "unknown" : describeSource(source),
    image: image?.reference,
    imageWords: image === undefined ? undefined : imageWords(image, record),
    command: [...(record.command ?? []), ...record.args],
    config: record.run_config,
    phases: record.phases.map(({ phase, ms }) => ({ phase, elapsedMs: ms })),
    metrics: record.metrics ?? {},
    lastLines,
    again,
  };
}

/** From the making of the record to its end; of a queued run from its start, as it had waited before, or what was done until it failed. */
export function elapsedOf(record: RunRecord): number {
  const begun = record.queued === undefined ? record.created_at : record.started_at;
  if (begun === undefined) return record.phases.reduce((sum, { ms }) => sum + ms, 0);
  return Math.max(0, Date.parse(record.finished_at ?? begun) - Date.parse(begun));
}

/** How a run ended, as far as its record says: one that says nothing was cut off. */
function outcomeOfRecord(record: RunRecord): RunOutcome {
  if (record.state === "succeeded") return { state: "succeeded", exitCode: 0 };
  return {
    state: record.state === "cancelled" ? "cancelled" : "failed",
    reason: record.reason ?? "lost",
    message: record.message ?? `its record ends in the state "${record.state}"`,
    ...(record.exit_code === undefined ? {} : { exitCode: record.exit_code }),
  };
}

function imageWords({ outcome }: ImageRecord, { phases }: RunRecord): string {
  if (outcome === "given") return "given";
  if (outcome === "unchanged") return "unchanged, not built";
  const ms = phases.find(({ phase }) => phase === "image")?.ms;
  return ms === undefined ? "built" : `built in ${formatDuration(ms)}`;
}
