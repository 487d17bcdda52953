import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStoreAt } from "../../../src/stores/choose-store.ts";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { enqueuedBy } from "../../support/cli/enqueued-by.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";

/* Runs of queues, as they are followed and looked at from the command line. */

// Each command is a process of its own, and a machine may have others to run.
vi.setConfig({ testTimeout: 120_000 });

const spec = `name: train
resource: local-process
overrides:
  entry_point: [bash, train.sh]
`;

let folder: TemporaryFolder;
let repository: TestRepository;
let launch: CommandLine;
let enqueued: ReturnType<typeof enqueuedBy>;

beforeEach(() => {
  folder = temporaryFolder();
  repository = folder.repository("train");
  repository.commit("a", { "launch.yaml": spec, "train.sh": 'echo "with $LAUNCH_CONFIG"\n' });
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
  enqueued = enqueuedBy(launch);
});
afterEach(() => folder.remove());

test("--wait shows a run's place, then its output as it comes, over its attempts, and ends as it did", async () => {
  repository.commit("b", {
    "train.sh": 'echo "attempt $LAUNCH_ATTEMPT"; until [ -e "$GO" ]; do sleep 0.1; done; echo late; exit 7\n',
    "launch.yaml": `${spec}retry: {max_attempts: 2, on: [exit-code: [7]], backoff: 1s}\nenv: {GO: "${join(folder.path, "go")}"}\n`,
  });
  const waiting = launch.start("run", "-q", "--wait");
  await waiting.seen("waiting in default: 1st, for an agent: none polls this queue");
  const agent = launch("agent", "--name", "a1", "--drain");
  // Seen while the run can't have ended.
  await waiting.seen("│ attempt 1");
  writeFileSync(join(folder.path, "go"), "");
  await waiting.seen("│ attempt 2");
  const { exitCode, stdout } = await waiting.ended;
  await agent;
  expect(stdout.split("\n").filter((line) => line.startsWith("│"))).toEqual([
    "│ attempt 1",
    "│ late",
    "│ attempt 2",
    "│ late",
  ]);
  expect(stdout).toMatch(/attempt 1 failed \(exit-code 7\) after .* with a1 on /);
  expect(stdout).toMatch(/ {2}done {5}failed \(exit-code 7\) after/);
  expect(exitCode).toBe(1);
  const { stdout: shown } = await launch("show", /launch show (\S+)/.exec(stdout)?.[1] ?? "");
  expect(shown).toMatch(/^ {2}attempt {2}1 failed \(exit-code 7\).*\n {2}attempt {2}2 failed/m);
  expect(shown).toMatch(/^ {2}next {5}launch requeue train-/m);
});

test("--wait for many has a line for each that ends, a table at last, and the exit code of the worst", async () => {
  repository.commit("b", { "train.sh": 'test "$LAUNCH_CONFIG" = \'{"lr":1}\'\n' });
  const waiting = launch.start("run", "-q", "--each", "lr=1,2", "--wait");
  await waiting.seen("Ctrl-C");
  await launch("agent", "--drain");
  const { exitCode, stdout } = await waiting.ended;
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/1\/2 {2}train-\w+ {2}lr=1 {2}succeeded/);
  expect(stdout).toMatch(/2\/2 {2}train-\w+ {2}lr=2 {2}failed \(exit-code 1\)/);
  expect(stdout).toMatch(/ {2}run +with +state +lasted +attempts +metrics\n {2}train-\w+ +lr=1 +succeeded/);
  const group = /as (train-group-\w+)/.exec(stdout)?.[1] ?? "";
  const again = await launch("wait", group, "--json");
  expect(again.exitCode).toBe(1);
  expect(again.stdout.trimEnd().split("\n").at(-1)).toContain('"event":"ended"');
});

test("a run of another machine is followed by its states, and its end shows what the store keeps", async () => {
  const elsewhere = commandLine({
    directory: folder.path,
    stateHome: folder.folder("elsewhere"),
    environment: { LAUNCH_STORE: `git+file://${join(folder.path, "state/store.git")}` },
  });
  const [run] = (await enqueued("-q", "-E", "bash -c 'echo the end of it; exit 9'")).runs;
  const waiting = elsewhere.start("wait", run?.run_id ?? "");
  await waiting.seen("waiting in default: 1st");
  await launch("agent", "--drain");
  const { exitCode, stdout } = await waiting.ended;
  expect(exitCode).toBe(1);
  expect(stdout).toContain("  last lines\n│ the end of it\n");
  expect(stdout).toMatch(/^ {2}log {6}\S+log\.txt on /m);
});

test("a run that ended here before it was waited for is told with the file of its log", async () => {
  repository.commit("b", { "train.sh": "echo out; exit 4\n" });
  const [run] = (await enqueued("-q")).runs;
  await launch("agent", "--drain");
  const { stdout } = await launch("wait", run?.run_id ?? "");
  const [, file = ""] = /^ {2}log {6}(\S+)$/m.exec(stdout) ?? [];
  expect(readFileSync(file, "utf8")).toContain("out\n");
});

test("Ctrl-C stops the following, not the run, and says how to cancel it", async () => {
  const waiting = launch.start("run", "-q", "--wait");
  await waiting.seen("waiting in default");
  waiting.process.kill("SIGINT");
  const { exitCode, stderr } = await waiting.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain("no longer followed; the run goes on");
  expect(stderr).toMatch(/launch cancel train-\w+/);
  expect((await launch("list")).stdout).toMatch(/^train-\w+ +queued /m);
});

test("lists are filtered by state and queue, and say when there are more", async () => {
  await launch("queue", "create", "gpu");
  await enqueued("-q", "gpu", "--each", "lr=1,2");
  const { runs } = await enqueued("-q");
  const listed = await launch("list", "--queue", "gpu", "--state", "queued,running", "-l", "1");
  expect(listed.stdout).toMatch(/^train-\w+ +queued .* gpu /m);
  expect(listed.stdout).toMatch(/^more with --limit 2$/m);
  expect(listed.stdout).not.toContain(runs[0]?.run_id);
  expect((await launch("list", "-s", "suceeded")).stderr).toContain('did you mean "succeeded"?');
});

test("what watches a queue without a terminal gets the whole once, then what changes, until it is interrupted", async () => {
  const watching = launch.start("queue", "show", "--watch");
  await watching.seen("0 running, 0 waiting");
  const [run] = (await enqueued("-q")).runs;
  await watching.seen(`${run?.run_id ?? ""}  waits, 1st, an agent: none polls this queue`);
  await launch("cancel", run?.run_id ?? "");
  await watching.seen(`${run?.run_id ?? ""}  no longer in the queue`);
  watching.process.kill("SIGINT");
  const { exitCode, stdout, stderr } = await watching.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.match(/FIFO in priority/g)).toHaveLength(1);
  expect(stdout).not.toContain("\u001b");
});

test("a run that was folded into the history is told from one that never was, with what to do", async () => {
  const [run] = (await enqueued("-q")).runs;
  await launch("agent", "--drain");
  const state = stateDirectoryAt(join(folder.path, "state"));
  const store = await openStoreAt(undefined, { state, tokens: {}, log: silentLog });
  await store.fold("default", 0, AbortSignal.timeout(60_000));
  for (const verb of ["requeue", "cancel"]) {
    const { stderr, exitCode } = await launch(verb, run?.run_id ?? "");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("has ended (succeeded), and is in the history of queue default; run it again: launch run");
  }
  expect((await launch("wait", run?.run_id ?? "")).exitCode).toBe(0);
  expect((await launch("show", run?.run_id ?? "")).stdout).toContain("succeeded in");
  expect((await launch("cancel", "nothing")).stderr).toContain('no run or group "nothing" in a queue');
});
