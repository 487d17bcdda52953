import { expect, test } from "vitest";
import { agentMarkdown, agentWords } from "../../../src/reporting/agent-report.ts";
import { enqueuedMarkdown, type EnqueuedReport, type EnqueuedRow } from "../../../src/reporting/enqueued-report.ts";

const runs = [
  { runId: "train-1", queue: "gpu", attempt: 1, end: { kind: "succeeded" } },
  { runId: "train-2", queue: "gpu", attempt: 2, end: { kind: "failed", reason: "exit-code", message: "exit code 3" } },
  { runId: "train-3", queue: "gpu", attempt: 1, end: { kind: "given-back" } },
] as const;

test("an agent's summary says why it ended, and how each of its runs did", () => {
  expect(agentMarkdown({ agent: "box-1", message: "the queues are empty", runs })).toBe(
    `**box-1** ended, as the queues are empty; 3 runs: 1 succeeded, 1 failed, 1 given back

| run | queue | attempt | end |
| --- | --- | --- | --- |
| \`train-1\` | \`gpu\` | 1 | succeeded |
| \`train-2\` | \`gpu\` | 2 | failed (exit-code): exit code 3 |
| \`train-3\` | \`gpu\` | 1 | given back |`,
  );
  expect(agentWords({ agent: "box-1", message: "there was nothing to do for the idle time", runs: [] })).toBe(
    "ended, as there was nothing to do for the idle time; no run was taken",
  );
});

const row: EnqueuedRow = {
  runId: "sweep-1",
  queue: "gpu",
  leg: "lr=0.1",
  source: "3f9c2e1a7b40 + patch",
  page: "https://github.example/team/train/commit/3f9c2e1a7b40",
  state: "waiting in gpu: 1st, about 14 min, for a place: a2 is at max_jobs 4",
  fromBefore: false,
};
const report: EnqueuedReport = {
  rows: [
    row,
    { ...row, runId: "sweep-2", leg: "lr=0.01", page: undefined, state: "running with a2", fromBefore: true },
  ],
  group: "sweep-group-1",
  replaced: [],
  store: "git+https://github.example/team/train",
  queuePages: new Map([["gpu", "https://github.example/team/train/blob/HEAD/.launch/queues/gpu.yaml"]]),
  ended: false,
  nobody: [],
};

test("the summary of runs that wait says where each stands, with links, and how to follow or cancel them", () => {
  const queue = "[`gpu`](<https://github.example/team/train/blob/HEAD/.launch/queues/gpu.yaml>)";
  const commit = "[`3f9c2e1a7b40 + patch`](<https://github.example/team/train/commit/3f9c2e1a7b40>)";
  expect(enqueuedMarkdown(report)).toBe(`**2 runs** wait in \`gpu\` as \`sweep-group-1\`

| run | with | queue | source | state |
| --- | --- | --- | --- | --- |
| \`sweep-1\` | \`lr=0.1\` | ${queue} | ${commit} | waiting in gpu: 1st, about 14 min, for a place: a2 is at max\\_jobs 4 |
| \`sweep-2\` | \`lr=0.01\` | ${queue} | \`3f9c2e1a7b40 + patch\` | running with a2 (enqueued by an earlier attempt of this step) |

Follow: \`launch wait sweep-group-1 --store git+https://github.example/team/train\` · end: \`launch cancel sweep-group-1 --store git+https://github.example/team/train\`
`);
});

test("the summary of a run that was waited for says how it ended, and whose place it took", () => {
  const rows = [{ ...row, leg: "", state: "failed (exit-code 3) after 41 s" }];
  const text = enqueuedMarkdown({ ...report, rows, group: undefined, replaced: ["sweep-0"], ended: true });
  expect(text).toMatch(/^\*\*1 run\*\* ended in `gpu`\n/);
  expect(text).toContain("| failed (exit-code 3) after 41 s |");
  expect(text).toMatch(/In place of `sweep-0`\.\n$/);
});

test("when nobody serves the queue its summary says what to do", () => {
  const nobody = ["No agent polls this queue. Start one: launch agent -q gpu"];
  expect(enqueuedMarkdown({ ...report, nobody })).toContain("\n\nNo agent polls this queue. Start one");
});
