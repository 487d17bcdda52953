import { expect, test } from "vitest";
import { rankQueue } from "../../../src/queueing/ranked-queue.ts";
import { formatKey } from "../../../src/queues/key.ts";
import { emptyDefinition } from "../../../src/queues/definition.ts";
import type { QueueEntry } from "../../../src/stores/queue-store.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const noon = Date.parse("2026-11-23T12:00:00.000Z");
const minute = 60_000;

function waiting(runId: string, keyTime: number, enqueuedAt: number): QueueEntry {
  const { run } = queuedDocument(runId, { enqueued_at: new Date(enqueuedAt).toISOString() });
  const key = formatKey({ priority: 2, time: keyTime, runId });
  return { queue: "gpu", key, place: "waiting", version: runId, run, cancelRequested: false };
}

test("a submitter whose clock is an hour off neither waits longer nor goes before the others", () => {
  // What the store has given them: each key is later than the one before it.
  const early = waiting("early-a", noon + 60 * minute, noon + 60 * minute);
  const late = waiting("late-b", noon + 60 * minute + 1, noon + 5 * minute);
  const snapshot = { entries: [early, late], unreadable: [], agents: [], paused: [] };
  const queue = { name: "gpu", definition: emptyDefinition() };
  const ranked = rankQueue(queue, snapshot, { agent: undefined, now: noon + 10 * minute });
  expect(ranked.map(({ run }) => run.runId)).toEqual(["early-a", "late-b"]);
});
