import type { RunRecord } from "../../../src/run/record.ts";

/** The record of a run of a queue as its submitter writes it; what a test is about is given, the rest is filler. */
export function queuedRecord(runId: string, record: Partial<RunRecord> = {}): RunRecord {
  return {
    schema_version: 1,
    run_id: runId,
    attempt: 0,
    name: "digits",
    entity: "octocat",
    project: "train",
    by: "octocat",
    launcher: { version: "0.1.0", host: "box", platform: "linux/x64", node: "24.11.0" },
    source: { kind: "image", image: "busybox:latest", commit_time: 0, reachable: true },
    resource: "local-process",
    resource_args: {},
    args: [],
    run_config: {},
    env: {},
    secrets: {},
    spec: {},
    created_at: "2026-11-23T10:00:00.000Z",
    phases: [],
    state: "queued",
    warnings: [],
    queued: {
      queue: "gpu",
      definition: "0".repeat(64),
      submitted: { queue: "gpu", docker: { docker_image: "busybox:latest" } },
      source: { kind: "image", image: "busybox:latest" },
    },
    ...record,
  };
}
