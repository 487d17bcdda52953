import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { remainsOf } from "../../support/launch/remains.ts";

const spec = `name: train
uri: .
resource: local-process
overrides:
  entry_point: [bash, train.sh]
`;
const script = `echo "args: $*"
echo "config: $WANDB_CONFIG"
echo careful >&2
echo '{"accuracy": 0.956, "steps": 123456}' > "$LAUNCH_OUTPUT_DIR/metrics.json"
`;
const eventSchema = z.looseObject({ schema_version: z.literal(1), event: z.string(), time: z.iso.datetime() });

let folder: TemporaryFolder;
let repository: TestRepository;
let launch: CommandLine;

beforeEach(() => {
  folder = temporaryFolder();
  repository = folder.repository("train");
  repository.commit("a", { "launch.yaml": spec, "train.sh": script });
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
});
afterEach(() => folder.remove());

function eventsOf(stdout: string): readonly z.output<typeof eventSchema>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => eventSchema.parse(JSON.parse(line)));
}

test("a run shows its parts, its output and its result, and stays in the store", async () => {
  const commit = repository.git("rev-parse", "HEAD").slice(0, 12);
  const run = await launch("run", "--set", "lr=0.1", "-a", "--epochs", "-a", "3");
  expect(run.stderr).toBe("");
  expect(run.exitCode).toBe(0);
  const lines = run.stdout.trimEnd().split("\n");
  expect(lines[0]).toMatch(new RegExp(`^  source   train @ ${commit} +\\d+\\.\\d s$`));
  expect(lines[1]).toMatch(/^ {2}image {4}none/);
  expect(lines[2]).toMatch(/^ {2}start {4}local-process {2}bash train\.sh --epochs 3 +\d+\.\d s$/);
  expect(lines.slice(3, 6).sort()).toEqual(["┃ careful", "│ args: --epochs 3", '│ config: {"lr":0.1}'].sort());
  expect(lines[6]).toMatch(/^ {2}done {5}succeeded in .* · accuracy 0\.956 · steps 123456$/);
  const runId = /launch show (\S+)/.exec(lines[7] ?? "")?.[1] ?? "";

  const list = await launch("list");
  expect(list.stdout).toContain(runId);
  expect(list.stdout).toMatch(/succeeded .* local-process .* accuracy 0\.956/);
  const show = await launch("show", runId);
  expect(show.stdout).toContain("bash train.sh --epochs 3");
  expect(show.stdout).toContain(commit);
  const logs = await launch("logs", runId);
  expect(logs.stdout).toContain("args: --epochs 3\n");
  expect(logs.stderr).toContain("careful\n");
});

test("a run can be run again from its record alone, at the commit that it had", async () => {
  await launch("run", "--set", "lr=0.1", "--timeout", "90s");
  repository.commit("b", { "train.sh": "echo another" });
  const [first] = eventsOf(
    (await launch("list", "--json")).stdout.replace(/^\{/gm, '{"event":"run","time":"2026-01-01T00:00:00Z",'),
  );
  const again = (await launch("show", String(first?.["run_id"]), "--spec")).stdout;
  expect(again).toContain('"timeout": "90000ms"');
  const run = await launch("run", "-c", again);
  expect(run.stdout).toContain('│ config: {"lr":0.1}');
  expect(run.exitCode).toBe(0);
});

test("--json says everything as one JSON object a line, the result last", async () => {
  const run = await launch("run", "--json", "--", "bash", "-c", "echo hello; exit 3");
  const events = eventsOf(run.stdout);
  expect(run.exitCode).toBe(1);
  expect(events).toContainEqual(expect.objectContaining({ event: "output", stream: "stdout", text: "hello" }));
  expect(events.filter(({ event }) => event === "phase").map((event) => event["phase"])).toContain("source");
  expect(events.at(-1)).toMatchObject({ event: "result", state: "failed", reason: "exit-code", exit_code: 3 });
});

test("a run that failed says why, and where its log is", async () => {
  const run = await launch("run", "-E", "bash -c 'for i in {1..30}; do echo line $i; done; exit 7'");
  expect(run.exitCode).toBe(1);
  expect(run.stdout).toMatch(
    / {2}done {5}failed \(exit-code 7\) after .*\n {2}last lines\n(?:│ line \d+\n){10} {2}log .*\(30 lines\)\n/,
  );
});

test("Ctrl-C ends the run and all it started, and says cancelled", async () => {
  const run = launch.start(
    "run",
    "--json",
    "--",
    "bash",
    "-c",
    "trap '' TERM; echo ready; sleep 100 & sleep 100; sleep 100",
  );
  await run.seen('"text":"ready"');
  run.process.kill("SIGINT");
  const { exitCode, stdout } = await run.ended;
  expect(exitCode).toBe(130);
  const result = eventsOf(stdout).at(-1);
  expect(result).toMatchObject({ event: "result", state: "cancelled", reason: "cancelled" });
  expect(remainsOf(String(result?.["run_id"]), [])).toEqual([]);
  expect((await launch("list")).stdout).toContain("cancelled");
});

test("a reader that goes away is no fault, and the run goes on to its end", async () => {
  const run = launch.start("run", "--", "bash", "-c", "for i in {1..20000}; do echo line $i; done");
  await run.seen("line 1\n");
  run.process.stdout?.destroy();
  const { exitCode, stderr } = await run.ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect((await launch("list")).stdout).toContain("succeeded");
});

test("the launch config of a W&B agent that happens to be here stops no run: what it says to agents is a warning", async () => {
  const config = join(folder.folder("state/.config/wandb"), "launch-config.yaml");
  writeFileSync(
    config,
    "max_jobs: 2\nqueues: [gpu]\nmax_schedulers: 2\nverbosity: 1\nenvironment: {type: aws, region: eu-west-1}\n",
  );
  const run = await launch("run");
  expect(run.exitCode).toBe(0);
  expect(run.stderr).toMatch(
    /^ {2}warning {2}\S+\/wandb\/launch-config\.yaml: max_schedulers, verbosity are of W&B's agent/,
  );
  const runId = /launch show (\S+)/.exec(run.stdout)?.[1] ?? "";
  expect((await launch("show", runId)).stdout).toContain("max_schedulers, verbosity are of W&B's agent");
  expect((await launch("validate")).stderr).toContain("max_schedulers, verbosity are of W&B's agent");
  const named = await launch("run", "--launch-config", config);
  expect(named.exitCode).toBe(2);
  expect(named.stderr).toContain("max_schedulers is not supported: W&B sweeps are not in this version");
});

test("a part that fails is a line, and the reason is said once", async () => {
  const { exitCode, stdout } = await launch("run", "-g", "nowhere");
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(/^ {2}source {3}failed +\d/m);
  expect(stdout.split('no branch, tag or commit "nowhere"')).toHaveLength(2);
});

test("--dry-run shows what would be run, and leaves nothing", async () => {
  const dry = await launch("run", "--dry-run", "--env", "THREADS=4");
  expect(dry.exitCode).toBe(0);
  expect(dry.stdout).toContain("would run  local-process  bash train.sh");
  expect(dry.stdout).toContain("  THREADS=4\n");
  expect((await launch("list")).stdout).toContain("no runs in");
});

test("the patch of a run can be taken from the store", async () => {
  repository.write({ "train.sh": "echo changed\n" });
  expect((await launch("run")).stdout).toContain("1 changed file (patch");
  const runId = /^(train-\S+)/m.exec((await launch("list")).stdout)?.[1] ?? "";
  const patch = (await launch("show", runId, "--patch")).stdout;
  expect(patch).toContain("+echo changed");
  repository.git("checkout", "--quiet", "train.sh");
  repository.write({ "p.diff": patch });
  repository.git("apply", "p.diff");
  expect(repository.git("diff", "--stat")).toContain("train.sh");
});
