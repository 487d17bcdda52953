import { expect, test } from "vitest";
import type { OutputStream } from "../../../src/core/output/log.ts";
import { againCommands } from "../../../src/reporting/again.ts";
import { markedOutput } from "../../../src/reporting/output-marks.ts";
import { phaseLine } from "../../../src/reporting/phase-line.ts";
import {
  formatBytes,
  formatLines,
  formatMetric,
  metricsInWords,
  outcomeInWords,
  shortImage,
} from "../../../src/reporting/words.ts";

test("an outcome says how, why and after how long", () => {
  expect(outcomeInWords({ state: "succeeded", exitCode: 0 }, 2_900)).toBe("succeeded in 2.9 s");
  const failed = { state: "failed", message: "" } as const;
  expect(outcomeInWords({ ...failed, reason: "exit-code", exitCode: 1 }, 41_000)).toBe(
    "failed (exit-code 1) after 41 s",
  );
  expect(outcomeInWords({ ...failed, reason: "image-pull" }, 41_000)).toBe("failed (image-pull) after 41 s");
  expect(outcomeInWords({ state: "cancelled", reason: "cancelled", message: "" }, 3_000)).toBe("cancelled after 3.0 s");
});

test.each([
  [0.955_432, "0.9554"],
  [120, "120"],
  [-3.25, "-3.25"],
  [1e-7, "1e-7"],
  [123_456.789, "123500"],
])("the metric %d is shown as %s", (value, expected) => {
  expect(formatMetric(value)).toBe(expected);
});

test("metrics are shown in their order, and no more than asked for", () => {
  expect(metricsInWords({ accuracy: 0.956, loss: 0.21, epochs: 30 }, 2)).toBe("accuracy 0.956 · loss 0.21");
});

test.each([
  [999, "999 B"],
  [1_100, "1.1 KB"],
  [12_345, "12 KB"],
  [3_400_000, "3.4 MB"],
])("%d bytes are %s", (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});

test("lines are counted as people say it", () => {
  expect([formatLines(0), formatLines(1), formatLines(1_204)]).toEqual(["0 lines", "1 line", "1,204 lines"]);
});

test("a digest is cut for people", () => {
  expect(shortImage(`host:5000/digits@sha256:${"8c1f".repeat(16)}`)).toBe("host:5000/digits@sha256:8c1f8c1f8c1f…");
  expect(shortImage("busybox:1.36")).toBe("busybox:1.36");
});

test("a phase's line has its label, its words and, in their own column, its time", () => {
  const line = phaseLine("source", "digits @ 3f9c2e1a7b40", 100);
  expect(line).toMatch(/^ {2}source {3}digits @ 3f9c2e1a7b40 +0\.1 s$/);
  expect(line.indexOf("0.1 s")).toBe(phaseLine("image", "none", 200).indexOf("0.2 s"));
  expect(phaseLine("image", "x".repeat(90), 200)).toBe(`  image    ${"x".repeat(90)}   0.2 s`);
  expect(phaseLine("done", "succeeded", undefined)).toBe("  done     succeeded");
});

test("each line of a chunk has its stream's mark, and a progress bar's parts become lines", () => {
  const marked = (stream: OutputStream, text: string): string =>
    Buffer.from(
      markedOutput({ stream, bytes: Buffer.from(text), lines: text.split("\n").length - 1 }, true),
    ).toString();
  expect(marked("stdout", "a\nb\n")).toBe("│ a\n│ b\n");
  expect(marked("stdout", "größer\n日本\n")).toBe("│ größer\n│ 日本\n");
  expect(marked("stderr", "\n\nx\n")).toBe("┃ \n┃ \n┃ x\n");
  expect(marked("stderr", "10%\r50%\r100%\r\nend\n")).toBe("┃ 10%\n┃ 50%\n┃ 100%\n┃ end\n");
});

test("running again starts from the commit, with the patch where there was one", () => {
  const request = { runId: "train-1", commit: "3f9c", launch: "launch run launch.yaml" };
  expect(againCommands({ ...request, patched: false })).toEqual(["git checkout 3f9c", "launch run launch.yaml"]);
  expect(againCommands({ ...request, patched: true })[1]).toBe("launch show train-1 --patch | git apply --index");
  expect(againCommands({ ...request, commit: undefined, patched: false })).toEqual(["launch run launch.yaml"]);
});
