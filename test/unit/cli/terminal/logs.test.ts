import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { jsonLog } from "../../../../src/cli/terminal/json-log.ts";
import { plainLog } from "../../../../src/cli/terminal/plain-log.ts";
import { styleFor } from "../../../../src/cli/terminal/style.ts";
import { type TerminalLog, terminalLog } from "../../../../src/cli/terminal/terminal-log.ts";
import type { TextLog } from "../../../../src/core/output/log.ts";
import { reader } from "../../../support/cli/reader.ts";

let terminal: TerminalLog | undefined;
afterEach(() => terminal?.stop());

function launchSomething(log: TextLog): void {
  log.phase({ phase: "source", status: "started", detail: "." });
  log.phase({ phase: "source", status: "ended", detail: "digits @ 3f9c2e1a7b40", elapsedMs: 100 });
  log.phase({ phase: "start", status: "started", detail: "node train.mjs" });
  log.phase({ phase: "start", status: "ended", detail: "node train.mjs", elapsedMs: 10 });
  void log.output({ stream: "stdout", bytes: Buffer.from("epoch 1\nepoch 2\n"), lines: 2 });
  void log.output({ stream: "stderr", bytes: Buffer.from("careful\n"), lines: 1 });
  log.phase({ phase: "done", status: "ended", detail: "succeeded in 2.9 s", elapsedMs: undefined });
}

const lines = [
  /^ {2}source {3}digits @ 3f9c2e1a7b40 +0\.1 s$/,
  /^ {2}start {4}node train\.mjs +0\.0 s$/,
  /^│ epoch 1$/,
  /^│ epoch 2$/,
  /^┃ careful$/,
  /^ {2}done {5}succeeded in 2\.9 s$/,
  /^$/,
];

test("a plain log has a line for each part that ended, and the run's lines with their stream's mark", () => {
  const [out, err] = [reader(), reader()];
  launchSomething(plainLog({ out: out.writer, err: err.writer, verbose: false }));
  const shown = out.text().split("\n");
  expect(shown).toHaveLength(lines.length);
  lines.forEach((line, i) => expect(shown[i]).toMatch(line));
  expect(err.text()).toBe("");
});

test("a plain log says that a part has started when it is long, once, and never anything that moves", async () => {
  const out = reader();
  const log = plainLog({ out: out.writer, err: out.writer, verbose: false, longAfterMs: 5 });
  log.phase({ phase: "image", status: "started", detail: "building" });
  log.phase({ phase: "image", status: "progress", detail: "step 4/7" });
  await delay(50);
  log.phase({ phase: "image", status: "ended", detail: "built", elapsedMs: 4_000 });
  expect(out.text()).toMatch(/^ {2}image {4}building\n {2}image {4}built +4\.0 s\n$/);
});

test("a plain log of several runs tells their parts apart", async () => {
  const out = reader();
  const log = plainLog({ out: out.writer, err: out.writer, verbose: false, longAfterMs: 5 });
  for (const runId of ["a", "b"]) log.phase({ phase: "image", status: "started", detail: `${runId}  building`, runId });
  log.phase({ phase: "image", status: "ended", detail: "a  built", elapsedMs: 1, runId: "a" });
  await delay(50);
  log.phase({ phase: "image", status: "ended", detail: "b  built", elapsedMs: 4_000, runId: "b" });
  expect(out.text()).toMatch(/^ {2}image {4}a {2}built.*\n {2}image {4}b {2}building\n {2}image {4}b {2}built.*\n$/);
});

test("a plain log says nothing of a part that broke off once its run is done", async () => {
  const out = reader();
  const log = plainLog({ out: out.writer, err: out.writer, verbose: false, longAfterMs: 5 });
  log.phase({ phase: "start", status: "started", detail: "docker run" });
  log.phase({ phase: "done", status: "failed", detail: "failed (submit-failed)", elapsedMs: undefined });
  await delay(50);
  expect(out.text()).toBe("  done     failed (submit-failed)\n");
});

test("a terminal without anything long shows the same lines", () => {
  const out = reader(100);
  terminal = terminalLog({ out: out.writer, style: styleFor(false, {}), verbose: false, monotonicMs: () => 0 });
  launchSomething(terminal);
  const shown = out.text().split("\n");
  lines.forEach((line, i) => expect(shown[i]).toMatch(line));
});

test("a terminal shows a long part moving, within its width, and takes it away before the next line", async () => {
  const out = reader(40);
  let now = 0;
  terminal = terminalLog({
    out: out.writer,
    style: styleFor(false, {}),
    verbose: false,
    monotonicMs: () => now,
    frameMs: 1,
  });
  terminal.phase({ phase: "image", status: "started", detail: "building" });
  terminal.phase({ phase: "image", status: "progress", detail: `step 4/7 ${"x".repeat(80)}` });
  await delay(20);
  expect(out.text()).toBe("");
  now = 1_500;
  await delay(20);
  const drawn = out.text().split("\r\u001b[2K").slice(1);
  expect(drawn.length).toBeGreaterThan(1);
  for (const line of drawn) {
    expect(line).toMatch(/^. image {4}step 4\/7 x+… {3}1\.5 s$/);
    expect(line.length).toBeLessThanOrEqual(40);
  }
  terminal.warning("the disk is full");
  expect(out.text()).toMatch(/\r\u001b\[2K {2}warning {2}the disk is full\n$/);
});

test("colours are for terminals that want them", () => {
  expect(styleFor(true, {}).red("x")).toBe("\u001b[31mx\u001b[39m");
  for (const environment of [{ NO_COLOR: "1" }, { CI: "true" }, { TERM: "dumb" }]) {
    expect(styleFor(true, environment).red("x")).toBe("x");
  }
  expect(styleFor(false, {}).red("x")).toBe("x");
});

test("JSON has one object a line on stdout, with each line of output by itself, and words for people on stderr", () => {
  const [out, err] = [reader(), reader()];
  const log = jsonLog({ out: out.writer, err: err.writer, verbose: false, now: () => new Date(0) });
  launchSomething(log);
  log.warning("2 files were left out");
  const events: unknown[] = out
    .text()
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  const common = { schema_version: 1, time: "1970-01-01T00:00:00.000Z" };
  expect(events).toEqual([
    { ...common, event: "phase", phase: "source", status: "started", detail: "." },
    { ...common, event: "phase", phase: "source", status: "ended", detail: "digits @ 3f9c2e1a7b40", elapsed_ms: 100 },
    { ...common, event: "phase", phase: "start", status: "started", detail: "node train.mjs" },
    { ...common, event: "phase", phase: "start", status: "ended", detail: "node train.mjs", elapsed_ms: 10 },
    { ...common, event: "output", stream: "stdout", text: "epoch 1" },
    { ...common, event: "output", stream: "stdout", text: "epoch 2" },
    { ...common, event: "output", stream: "stderr", text: "careful" },
    { ...common, event: "phase", phase: "done", status: "ended", detail: "succeeded in 2.9 s" },
    { ...common, event: "warning", message: "2 files were left out" },
  ]);
  expect(err.text()).toBe("warning: 2 files were left out\n");
});

test("what a spec says can't break a line or move the cursor", () => {
  const out = reader();
  const log = plainLog({ out: out.writer, err: out.writer, verbose: true });
  log.phase({ phase: "done", status: "failed", detail: "a\nb\u001b[2Jc\rd", elapsedMs: undefined });
  log.warning("x\ny");
  expect(out.text()).toBe("  done     a bc d\n  warning  x y\n");
});
