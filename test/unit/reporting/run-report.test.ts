import { expect, test } from "vitest";
import { elapsedOf } from "../../../src/reporting/run-report.ts";
import type { RunRecord } from "../../../src/run/record.ts";
import { queuedRecord } from "../../support/stores/run-record.ts";

const enqueued = { created_at: "2026-11-23T10:00:00.000Z", finished_at: "2026-11-23T12:00:00.000Z" };
const phases = [
  { phase: "source", ms: 300 },
  { phase: "image", ms: 700 },
] as const;

function elapsed(record: Partial<RunRecord>): number {
  return elapsedOf({ ...queuedRecord("run-a"), ...record });
}

test("how long a run of a queue took doesn't count how long it waited, also when it never started", () => {
  expect(elapsed({ ...enqueued, phases, started_at: "2026-11-23T11:59:50.000Z" })).toBe(10_000);
  expect(elapsed({ ...enqueued, phases })).toBe(1_000);
});
