import { expect, test } from "vitest";
import { queueReport } from "../../../src/queueing/queue-view.ts";
import { queueDefinitionSchema } from "../../../src/queues/definition.ts";
import { queueChanges } from "../../../src/reporting/queue-changes.ts";
import { nobodyWords, ordinal, queueLine, waitingRows, waitingWords } from "../../../src/reporting/queue-report.ts";
import type { AgentBeat } from "../../../src/run/beat.ts";
import type { QueueEntry, QueueSnapshot } from "../../../src/stores/queue-store.ts";
import type { RunHead } from "../../../src/run/head.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";

const now = Date.parse("2026-11-23T12:00:00Z");
const minutes = (count: number): string => new Date(now - count * 60_000).toISOString();

function entry(runId: string, place: QueueEntry["place"], agoMinutes: number, head: Partial<RunHead> = {}): QueueEntry {
  const at = minutes(agoMinutes);
  const run: RunHead = {
    schema_version: 1,
    run_id: runId,
    name: runId,
    entity: "e",
    project: "p",
    state: place === "waiting" ? "queued" : "running",
    resource: "local-process",
    attempt: 1,
    by: "ada",
    created_at: at,
    updated_at: at,
    source: "3f9c2e1a7b40",
    queued: { queue: "gpu", priority: 2, enqueued_at: at, slots: {}, definition: "d", attempts_max: 3 },
    ...(place === "leased" ? { lease: { agent: "a2", incarnation: "i", attempt: 1, since: at } } : {}),
    ...head,
  };
  return { queue: "gpu", key: `2-${runId}`, place, version: "v", run, cancelRequested: false };
}

function agent(name: string, maxJobs: number, jobs: number, agoMinutes: number): { beat: AgentBeat; version: string } {
  const runs = Array.from({ length: jobs }, (_, index) => `run-${index}`);
  return {
    beat: {
      ...beatOf(name, name),
      max_jobs: maxJobs,
      runs,
      slots: {},
      at: minutes(agoMinutes),
      lease: { ttl_ms: 900_000, heartbeat_ms: 300_000 },
    },
    version: name,
  };
}

function reportOf(entries: readonly QueueEntry[], more: Partial<QueueSnapshot> = {}) {
  const lasting = (length: number, runId: string): RunHead => ({
    ...entry(runId, "ended", 200).run,
    started_at: minutes(100 + length),
    finished_at: minutes(100),
  });
  return queueReport({
    queue: "gpu",
    definition: queueDefinitionSchema.parse({ resource: "local-container", limits: { running_per_submitter: 3 } }),
    snapshot: { entries, unreadable: [], agents: [], paused: [], ...more },
    history: [lasting(30, "a"), lasting(40, "b"), lasting(50, "c")],
    now,
  });
}

test("each waiting run says what it waits for and when it may start, by what runs have lasted", () => {
  const report = reportOf(
    [entry("r1", "leased", 10), entry("w1", "waiting", 5), entry("w2", "waiting", 4), entry("w3", "waiting", 3)],
    { agents: [agent("a2", 1, 1, 1)] },
  );
  expect(queueLine(report)).toBe(
    "gpu · local-container · FIFO in priority · 1 agent (a2 busy 1/1) · 1 running, 3 waiting · median run 40 min",
  );
  expect(waitingRows(report.waiting).slice(1)).toEqual([
    ["1", "w1", "medium", "ada", "5 min", "~30 min (25 min to 35 min)", "a place: a2 is at max_jobs 1"],
    ["2", "w2", "medium", "ada", "4 min", "~1 h 10 min (1 h to 1 h 20 min)", "behind 1 run"],
    ["3", "w3", "medium", "ada", "3 min", "", "the limit of 3 running for each submitter"],
  ]);
  expect(nobodyWords(report, [])).toBeUndefined();
});

test("an agent that has been silent for longer than its lease serves nobody", () => {
  const report = reportOf([entry("w1", "waiting", 200)], { agents: [agent("a1", 4, 0, 180)] });
  expect(queueLine(report)).toContain("a1 silent for 3 h");
  expect(nobodyWords(report, [])).toMatch(/^No agent has polled this queue for 3 h\. Start one: launch agent -q gpu/);
  expect(report.waiting[0]?.startsIn).toBeUndefined();
});

const wants = (count: number): Partial<RunHead> => ({
  queued: {
    queue: "gpu",
    priority: 2,
    enqueued_at: minutes(5),
    slots: { gpu: count },
    definition: "d",
    attempts_max: 3,
  },
});

test("what no agent here will ever have is told from what is taken now", () => {
  const { beat, version } = agent("a2", 4, 1, 0);
  const slots = { gpu: { total: 2, free: 0 } };
  const report = reportOf(
    [entry("r1", "leased", 5, wants(2)), entry("w1", "waiting", 5, wants(1)), entry("w2", "waiting", 5, wants(8))],
    { agents: [{ beat: { ...beat, slots }, version }] },
  );
  expect(report.waiting.map(({ waitsFor }) => waitsFor)).toEqual([
    "1 gpu: 0 free of 2",
    "8 gpu: no agent here has more than 2",
  ]);
});

test("a paused queue says so of every run", () => {
  const report = reportOf([entry("w1", "waiting", 5)], { paused: ["gpu"], agents: [agent("a1", 1, 0, 0)] });
  expect(queueLine(report)).toMatch(/· paused$/);
  expect(report.waiting[0]).toMatchObject({ waitsFor: "the queue is paused" });
});

test("a queue that was deleted says so, and of every run that it waits for it to be there again", () => {
  const report = queueReport({
    queue: "gpu",
    definition: undefined,
    snapshot: { entries: [entry("w1", "waiting", 5)], unreadable: [], agents: [agent("a1", 1, 0, 0)], paused: [] },
    history: [],
    now,
  });
  expect(queueLine(report)).toMatch(/· deleted: nobody takes what waits$/);
  expect(report.waiting[0]).toMatchObject({ waitsFor: "its queue, which was deleted", startsIn: undefined });
  expect(nobodyWords({ ...report, agents: [] }, [])).toBeUndefined();
});

test("a run's place is told in one line, as its waiting part is shown while it is followed", () => {
  const { waiting } = reportOf([entry("r1", "leased", 10), entry("w1", "waiting", 5), entry("w2", "waiting", 4)], {
    agents: [agent("a2", 1, 1, 1)],
  });
  expect(waiting.map((report) => waitingWords("gpu", report))).toEqual([
    "waiting in gpu: 1st, about 30 min (25 min to 35 min), for a place: a2 is at max_jobs 1",
    "waiting in gpu: 2nd, about 1 h 10 min (1 h to 1 h 20 min); behind 1 run",
  ]);
  expect([3, 4, 11, 12, 13, 21, 22, 103, 111].map(ordinal).join(" ")).toBe(
    "3rd 4th 11th 12th 13th 21st 22nd 103rd 111th",
  );
});

test("what an agent was given since its last beat counts as its work", () => {
  const report = reportOf([entry("r1", "leased", 1), entry("w1", "waiting", 1)], { agents: [agent("a2", 1, 0, 4)] });
  expect(queueLine(report)).toContain("a2 busy 1/1");
  expect(report.waiting[0]?.waitsFor).toBe("a place: a2 is at max_jobs 1");
});

test("slots that were taken or given back since an agent's last beat count as they are now", () => {
  const holding = entry("r1", "leased", 1, wants(2));
  const waiting = entry("w1", "waiting", 1, wants(1));
  const { beat, version } = agent("a2", 4, 0, 4);
  const waitsFor = (entries: readonly QueueEntry[], free: number, more: Partial<AgentBeat> = {}): string | undefined =>
    reportOf(entries, { agents: [{ beat: { ...beat, slots: { gpu: { total: 2, free } }, ...more }, version }] })
      .waiting[0]?.waitsFor;
  expect(waitsFor([holding, waiting], 2)).toBe("1 gpu: 0 free of 2");
  expect(waitsFor([waiting], 0, { runs: ["r1"] })).toBe("the next poll");
  // What it has of its other queues is known from its beat alone.
  const both = { queues: ["gpu", "other"] };
  expect(waitsFor([holding, waiting], 2, both)).toBe("1 gpu: 0 free of 2");
  expect(waitsFor([waiting], 0, { ...both, runs: ["elsewhere"] })).toBe("1 gpu: 0 free of 2");
});

test("an agent that ends takes no more runs, so nobody waits for its place", () => {
  const { beat, version } = agent("a1", 4, 0, 0);
  const report = reportOf([entry("w1", "waiting", 5)], {
    agents: [{ beat: { ...beat, state: "draining" }, version }],
  });
  expect(report.waiting[0]).toMatchObject({ waitsFor: "an agent: none polls this queue", startsIn: undefined });
});

test("when the agents have left, the last run tells when one was there, and the command names the store", () => {
  const report = reportOf([entry("w1", "waiting", 5)]);
  expect(nobodyWords(report, ["--store", "git+https://host.example/r.git"])).toBe(
    "No agent polls this queue; the last run of it ended 1 h 40 min ago. Start one: launch agent -q gpu --store git+https://host.example/r.git, or run the workflow of your agents.",
  );
});

test("between two reports only what is different is told, and never that time has gone by", () => {
  const before = reportOf([entry("r1", "leased", 10), entry("w1", "waiting", 5), entry("w2", "waiting", 4)], {
    agents: [agent("a2", 1, 1, 1)],
  });
  const later = reportOf([entry("r1", "leased", 12), entry("w1", "waiting", 7), entry("w2", "waiting", 6)], {
    agents: [agent("a2", 1, 1, 3)],
  });
  expect(queueChanges(before, later)).toEqual([]);
  const after = reportOf([entry("w1", "leased", 1), entry("w2", "waiting", 8)], { agents: [agent("a2", 1, 1, 1)] });
  expect(queueChanges(before, after)).toEqual([
    "r1  no longer in the queue",
    "w1  with a2",
    "w2  waits, 1st, a place: a2 is at max_jobs 1",
  ]);
});
