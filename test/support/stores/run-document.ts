import type { QueuedHead, RunHead } from "../../../src/run/head.ts";
import type { RunDocument } from "../../../src/run/document.ts";

/** A run as a launch would store it; what a test is about is given, the rest is filler. */
export function runDocument(
  runId: string,
  head: Partial<RunHead> = {},
  parts: Partial<Omit<RunDocument, "run">> = {},
): RunDocument {
  const time = head.created_at ?? "2026-11-23T10:00:00.000Z";
  return {
    run: {
      schema_version: 1,
      run_id: runId,
      name: "digits",
      entity: "octocat",
      project: "train",
      state: "running",
      resource: "local-process",
      attempt: 1,
      by: "octocat",
      created_at: time,
      updated_at: time,
      source: "3f9c2e1a7b40",
      ...head,
    },
    record: { schema_version: 1, run_id: runId, state: head.state ?? "running" },
    ...parts,
  };
}

export const succeeded = {
  state: "succeeded",
  exit_code: 0,
  finished_at: "2026-11-23T10:05:00.000Z",
  metrics: { accuracy: 0.956 },
} as const satisfies Partial<RunHead>;

/** A run as it is put into a queue. */
export function queuedDocument(
  runId: string,
  queued: Partial<QueuedHead> = {},
  head: Partial<RunHead> = {},
  parts: Partial<Omit<RunDocument, "run">> = {},
): RunDocument {
  const about: QueuedHead = {
    queue: "gpu",
    priority: 2,
    enqueued_at: "2026-11-23T10:00:00.000Z",
    slots: {},
    definition: "0".repeat(64),
    attempts_max: 3,
    ...queued,
  };
  return runDocument(runId, { state: "queued", attempt: 0, queued: about, ...head }, parts);
}
