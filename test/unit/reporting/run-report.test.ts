import { expect, test } from "vitest";
import { readRecord } from "../../../src/run/read-record.ts";
import { elapsedOf } from "../../../src/reporting/run-report.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const filler = { name: "digits", resource: "local-process", by: "ada", args: [], warnings: [], phases: [] };
const enqueued = { created_at: "2026-11-23T10:00:00.000Z", finished_at: "2026-11-23T12:00:00.000Z", queued: {} };
const phases = [
  { phase: "source", ms: 300 },
  { phase: "image", ms: 700 },
];

function elapsed(record: JsonObject): number {
  const document = queuedDocument("run-a");
  return elapsedOf(readRecord({ ...document, record: { ...document.record, ...filler, ...record }, version: "v" }));
}

test("how long a run of a queue took doesn't count how long it waited, also when it never started", () => {
  expect(elapsed({ ...enqueued, phases, started_at: "2026-11-23T11:59:50.000Z" })).toBe(10_000);
  expect(elapsed({ ...enqueued, phases })).toBe(1_000);
});
