import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { writerOn } from "../../../src/core/output/writer.ts";
import { gitHubLog, inert } from "../../../src/action/github-log.ts";

// @actions/core writes to the process's stdout: both are caught in one place, as the runner reads them.
let log = "";
beforeEach(() => {
  log = "";
  vi.spyOn(process.stdout, "write").mockImplementation((data) => {
    log += Buffer.from(data).toString();
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const open = (groups = true): ReturnType<typeof gitHubLog> =>
  gitHubLog({ out: writerOn(process.stdout), monotonicMs: () => 0, verbose: false, groups });

test("a phase is a group while it lasts, and its line stays outside", () => {
  const github = open();
  github.phase({ phase: "source", status: "started", detail: "." });
  github.phase({ phase: "source", status: "ended", detail: "train @ 3f9c2e1a7b40", elapsedMs: 100 });
  expect(log).toMatch(/^::group::source {2}\.\n::endgroup::\n {2}source {3}train @ 3f9c2e1a7b40 +0\.1 s\n$/);
});

test("a run's output is no command to the runner, until it is over", () => {
  const github = open();
  void github.output({ stream: "stdout", bytes: Buffer.from("::add-mask::x\n##[error]y\n"), lines: 2 });
  void github.output({ stream: "stderr", bytes: Buffer.from("oops\n"), lines: 1 });
  github.phase({ phase: "done", status: "failed", detail: "failed", elapsedMs: undefined });
  const token = /::stop-commands::(\S+)\n/.exec(log)?.[1] ?? "";
  expect(token.length).toBeGreaterThan(30);
  expect(log.split("\n")).toEqual([
    "::group::run  its output",
    `::stop-commands::${token}`,
    "│ ::add-mask::x",
    "│ ##[error]y",
    "┃ oops",
    `::${token}::`,
    "::endgroup::",
    "  done     failed",
    "",
  ]);
});

test("without groups several runs' lines stand in their order, and their output is still no command", () => {
  const github = open(false);
  github.phase({ phase: "source", status: "started", detail: "a  ." });
  github.phase({ phase: "image", status: "progress", detail: "b  step 1/2" });
  github.phase({ phase: "source", status: "ended", detail: "a  train", elapsedMs: 100 });
  void github.output({ stream: "stdout", bytes: Buffer.from("a  ::add-mask::x\n"), lines: 1 });
  github.stop();
  expect(log).toMatch(/^ {2}source {3}a {2}train +0\.1 s\n::stop-commands::(\S+)\n│ a {2}::add-mask::x\n::\1::\n$/);
});

test("a warning in the middle of the output is a command again, and the output after it is not", () => {
  const github = open();
  void github.output({ stream: "stdout", bytes: Buffer.from("a\n"), lines: 1 });
  github.warning("metrics.json is not valid\nsecond line");
  void github.output({ stream: "stdout", bytes: Buffer.from("b\n"), lines: 1 });
  github.stop();
  const [first, second] = [...log.matchAll(/::stop-commands::(\S+)\n/g)].map(([, token]) => token ?? "");
  expect(first).not.toBe(second);
  expect(log).toContain(
    `::${first ?? ""}::\n::warning::metrics.json is not valid second line\n::stop-commands::${second ?? ""}\n│ b\n::${second ?? ""}::\n`,
  );
});

test.each([
  ["::error::x", " : :error::x"],
  ["  ::error::x", "   : :error::x"],
  ["a ##[error]x", "a ## [error]x"],
  ["50 %\r::error::x", "50 % ::error::x"],
  ["\u0085::error::x", "  : :error::x"],
  ["time 10::20", "time 10::20"],
])("a line of ours that quotes %j is no command", (text, expected) => {
  expect(inert(text)).toBe(expected);
});
