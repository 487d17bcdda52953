import type { QueuedHead, RunHead } from "../../../src/run/head.ts";
import { type JsonObject, toJson } from "../../../src/core/json.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import type { CiRun, RunRecord } from "../../../src/run/record.ts";
import { recordOfHead } from "../../../src/run/transitions/head-and-record.ts";

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

/** The whole record that goes with a run's head; what a test is about is given. */
export function recordFor(runId: string, head: Partial<RunHead>, given: Partial<RunRecord>): JsonObject {
  const launcher = { version: "0.1.0", host: "box", platform: "linux/x64", node: "24.0.0" };
  return toJson({ ...recordOfHead(runDocument(runId, head).run, launcher), ...given });
}

/** Who launched a run on another machine. */
export const farLauncher = { version: "0.1.0", host: "far", platform: "linux/x64", node: "24.0.0" };

/** A job of CI that a run was asked for by. */
export function ciRun(url: string): CiRun {
  const [repository, workflow, job, actor] = ["octocat/train", "train", "train", "octocat"];
  return { provider: "github", repository, workflow, job, run_id: "1", run_attempt: "1", event: "push", actor, url };
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
