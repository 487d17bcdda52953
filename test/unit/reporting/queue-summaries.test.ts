import { expect, test } from "vitest";
import { agentMarkdown, agentWords } from "../../../src/reporting/agent-report.ts";
import { enqueuedMarkdown, type EnqueuedReport } from "../../../src/reporting/enqueued-report.ts";

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

const report: EnqueuedReport = {
  runs: [
    { runId: "sweep-1", queue: "gpu", end: undefined },
    { runId: "sweep-2", queue: "gpu", end: undefined },
  ],
  group: "sweep-group-1",
  replaced: [],
  store: "git+https://github.example/team/train",
};

test("the summary of runs that wait says where, and how to follow or cancel them", () => {
  expect(enqueuedMarkdown(report)).toBe(`**2 runs** wait in \`gpu\` as \`sweep-group-1\`

| run | queue | state |
| --- | --- | --- |
| \`sweep-1\` | \`gpu\` | waiting |
| \`sweep-2\` | \`gpu\` | waiting |

\`launch wait sweep-group-1 --store git+https://github.example/team/train\` · \`launch cancel sweep-group-1 --store git+https://github.example/team/train\``);
});

test("the summary of a run that was waited for says how it ended, and whose place it took", () => {
  const [first] = report.runs;
  const ended = first === undefined ? [] : [{ ...first, end: "failed (exit-code 3) after 41 s" }];
  const text = enqueuedMarkdown({ ...report, runs: ended, group: undefined, replaced: ["sweep-0"] });
  expect(text).toMatch(/^\*\*1 run\*\* ended in `gpu`\n/);
  expect(text).toContain("| `sweep-1` | `gpu` | failed (exit-code 3) after 41 s |");
  expect(text).toMatch(/In place of `sweep-0`\.$/);
});
