import { expect, test } from "vitest";
import type { RunReport } from "../../../src/reporting/report.ts";
import { faultMarkdown, summaryMarkdown } from "../../../src/reporting/summary.ts";

const report: RunReport = {
  runId: "train-01jd8x4m2q",
  name: "train",
  outcome: { state: "succeeded", exitCode: 0 },
  resource: "local-container",
  elapsedMs: 2_280_000,
  startedAt: "2026-11-23T10:42:07.000Z",
  source: "3f9c2e1a7b40 + patch",
  image: `registry.example/train@sha256:${"8c1f".repeat(16)}`,
  imageWords: "built in 1 min 12 s",
  command: ["python", "train.py", "--name", "a b"],
  config: { lr: 0.01 },
  phases: [
    { phase: "source", elapsedMs: 100 },
    { phase: "run", elapsedMs: 2_000_000 },
  ],
  metrics: { accuracy: 0.931, loss: 0.2, epochs: 30, seconds: 5 },
  lastLines: ["epoch 30"],
  again: ["git checkout 3f9c2e1a7b40", "launch run launch.yaml"],
};

test("a summary says what ran, from where, in which image, how long, how well, and how to run it again", () => {
  const text = summaryMarkdown(report, { log: "https://github.example/o/r/actions/runs/1" });
  const [title] = text.split("\n");
  expect(title).toBe(
    "**train** · succeeded in 38 min on `local-container` · accuracy **0.931** · loss **0.2** · epochs **30**",
  );
  expect(text).toContain("`registry.example/train@sha256:8c1f8c1f8c1f…` built in 1 min 12 s");
  expect(text).toContain("10:42 UTC");
  expect(text).toContain("[job](<https://github.example/o/r/actions/runs/1>)");
  expect(text).toContain("| run | 33 min |");
  expect(text).toContain("python train.py --name 'a b'");
  expect(text).toContain('"lr": 0.01');
  expect(text).toContain("| seconds | 5 |");
  expect(text).toContain("git checkout 3f9c2e1a7b40\nlaunch run launch.yaml");
  expect(text).not.toContain("Last lines");
});

test("a summary of a failed run starts with the reason and shows the last lines", () => {
  const outcome = { state: "failed", reason: "exit-code", message: "exit code 1", exitCode: 1 } as const;
  const text = summaryMarkdown({ ...report, outcome, lastLines: ["Traceback", "RuntimeError: CUDA out of memory"] });
  expect(text).toMatch(/^\*\*train\*\* · failed \(exit-code 1\) after 38 min/);
  expect(text).toContain("> exit code 1");
  expect(text).toContain("```\nTraceback\nRuntimeError: CUDA out of memory\n```");
});

test("nothing that a run wrote leaves its place", () => {
  const hostile = "</details>\n\n# @octocat | `x` [a](javascript:1) <b>";
  const text = summaryMarkdown({
    ...report,
    name: hostile,
    source: hostile,
    outcome: { state: "failed", reason: "build-failed", message: hostile },
    metrics: { [hostile]: 1 },
    lastLines: ["```", hostile],
  });
  const outside = text.replace(/(`{3,})\w*\n[\s\S]*?\n\1/g, "").replace(/(`+)(?!`).+?\1/g, "");
  expect(outside).not.toMatch(/@octocat|<b>|^# /m);
  expect(outside.match(/<\/details>/g)).toHaveLength(1);
});

test("a summary stays below GitHub's limit whatever the run left", () => {
  const long = "x".repeat(2_000_000);
  const metrics = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`${i}${"m".repeat(500)}`, i]));
  const outcome = { state: "failed", reason: "exit-code", message: long, exitCode: 1 } as const;
  const text = summaryMarkdown({
    ...report,
    name: long,
    outcome,
    metrics,
    config: { long },
    command: [long],
    lastLines: [long],
  });
  expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
});

test("the summary of a launch without a run has the fault and its place", () => {
  const text = faultMarkdown("launch failed (bad-spec)", "launch.yaml:7:13 unknown resource", [
    "   7 │ resource: x",
    "     │ ^",
  ]);
  expect(text).toBe(
    "**launch failed (bad-spec)** · launch.yaml:7:13 unknown resource\n\n```\n   7 │ resource: x\n     │ ^\n```\n",
  );
});
