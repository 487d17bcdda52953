import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { enqueuedBy } from "../../support/cli/enqueued-by.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { startGitServer } from "../../support/git/git-server.ts";

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
  repository.commit("a", { "launch.yaml": spec, "train.sh": 'echo "with $LAUNCH_CONFIG"\n', "fail.sh": "exit 7\n" });
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
  enqueued = enqueuedBy(launch);
});
afterEach(() => folder.remove());

async function statesOf(): Promise<readonly string[]> {
  const { stdout } = await launch("list", "--json");
  const lines = stdout.trimEnd().split("\n");
  return lines.map((line) => z.object({ state: z.string() }).parse(JSON.parse(line)).state).sort();
}

test("runs wait in their queue until an agent drains it, each with its own values and its own record", async () => {
  const { runs, group } = await enqueued("-q", "--each", "lr=0.1,0.01");
  expect(runs).toHaveLength(2);
  const shown = await launch("queue", "show");
  expect(shown.stdout).toContain("0 running, 2 waiting");
  expect(shown.stdout).toContain("Start one: launch agent -q default");

  repository.write({ "train.sh": "echo changed since\n" });
  const agent = await launch("agent", "--drain", "--max-jobs", "2");
  expect(agent.stderr).toBe("");
  expect(agent.exitCode).toBe(0);
  expect(agent.stdout).toContain("2 runs: 2 succeeded");
  const [first, second] = await Promise.all(runs.map(({ run_id }) => launch("logs", run_id)));
  expect(first?.stdout).toBe('with {"lr":0.1}\n');
  expect(second?.stdout).toBe('with {"lr":0.01}\n');
  const wait = await launch("wait", group ?? "");
  expect(wait.exitCode).toBe(0);
  const history = await launch("queue", "history");
  expect(history.stdout).toContain("2 runs");
});

test("what is not committed travels with the run, onto the commit that it is from", async () => {
  repository.write({ "train.sh": "echo uncommitted\n" });
  const [run] = (await enqueued("-q")).runs;
  repository.git("checkout", "--quiet", "train.sh");
  await launch("agent", "--drain");
  expect((await launch("logs", run?.run_id ?? "")).stdout).toBe("uncommitted\n");
});

test("--replace takes the place of what waits under the same key, and of nothing else", async () => {
  await enqueued("-q", "--replace", "other");
  const [old] = (await enqueued("-q", "--replace", "pr-1")).runs;
  const { replaced } = await enqueued("-q", "--replace", "pr-1");
  expect(replaced).toEqual([old?.run_id]);
  expect(await statesOf()).toEqual(["cancelled", "queued", "queued"]);
});

test("a group is cancelled at once, and one of it is let wait again", async () => {
  const { runs, group } = await enqueued("-q", "--each", "lr=1,2,3");
  expect((await launch("cancel", group ?? "")).exitCode).toBe(0);
  expect(await statesOf()).toEqual(["cancelled", "cancelled", "cancelled"]);
  const [first] = runs;
  expect((await launch("requeue", first?.run_id ?? "")).exitCode).toBe(0);
  expect(await statesOf()).toEqual(["cancelled", "cancelled", "queued"]);
});

test("what is done to several runs is told of each, also where it can't be done to one of them, wherever that one stands", async () => {
  const { runs } = await enqueued("-q", "--each", "lr=1,2,3");
  const ids = runs.map(({ run_id }) => run_id);
  for (const at of [0, 2]) {
    const ended = ids[at] ?? "";
    const others = ids.filter((id) => id !== ended);
    expect((await launch("cancel", ended)).exitCode).toBe(0);
    const moved = await launch("prioritize", "high", ...ids);
    expect(moved.exitCode).toBe(2);
    for (const id of others) expect(moved.stdout).toContain(`${id}  waits with priority high\n`);
    expect(moved.stdout).toMatch(new RegExp(`^ {2}${ended} {2}.*only a waiting run has a priority$`, "m"));
    const requeued = await launch("requeue", ...ids, "--json");
    expect(requeued.exitCode).toBe(2);
    const told = (JSON.parse(requeued.stdout) as { runs: readonly { run_id: string; outcome: string }[] }).runs;
    expect(new Map(told.map(({ run_id, outcome }) => [run_id, outcome]))).toEqual(
      new Map([[ended, "requeued"], ...others.map((id) => [id, "failed"] as const)]),
    );
    expect(await statesOf()).toEqual(["queued", "queued", "queued"]);
  }
  const alone = await launch("requeue", ids[0] ?? "");
  expect(alone).toMatchObject({ exitCode: 2, stdout: "" });
  expect(alone.stderr).toContain("only an ended run can be queued again");
});

test("cancel --group ends a run and all that were enqueued with it, and no others", async () => {
  const { runs } = await enqueued("-q", "--each", "lr=1,2,3");
  await enqueued("-q");
  const cancelled = await launch("cancel", "--group", runs[1]?.run_id ?? "");
  expect(cancelled.stdout.trimEnd().split("\n")).toHaveLength(3);
  expect(await statesOf()).toEqual(["cancelled", "cancelled", "cancelled", "queued"]);
});

test("a run with a higher priority is first, and a paused queue gives out none", async () => {
  const [low] = (await enqueued("-q", "-P", "low")).runs;
  const [high] = (await enqueued("-q")).runs;
  const order = async (): Promise<readonly string[]> =>
    [...(await launch("queue", "show")).stdout.matchAll(/^ +\d+ {2}(\S+)/gm)].map((match) => match[1] ?? "");
  expect(await order()).toEqual([high?.run_id, low?.run_id]);
  await launch("prioritize", "critical", low?.run_id ?? "");
  expect(await order()).toEqual([low?.run_id, high?.run_id]);
  await launch("queue", "pause", "default");
  expect((await launch("queue", "show")).stdout).toContain("the queue is paused");
  expect((await launch("agent", "--idle-timeout", "1s")).stdout).toContain("no run was taken");
  expect(await statesOf()).toEqual(["queued", "queued"]);
});

test("a definition that is tightened while a run waits refuses it with the reason", async () => {
  const variable = 'template_variables.n.schema={"type":"integer","maximum":4}';
  expect((await launch("queue", "create", "small", "--set", variable)).exitCode).toBe(0);
  const [run] = (await enqueued("-q", "small", "-v", "n=4")).runs;
  await launch("queue", "set", "small", "--set", "template_variables.n.schema.maximum=2");
  await launch("agent", "-q", "small", "--drain");
  const { stdout } = await launch("show", run?.run_id ?? "");
  expect(stdout).toContain("failed (refused)");
  expect(stdout).toContain("it must be at most 2");
});

test("a queue with waiting runs is deleted by force only, and the default one never", async () => {
  await launch("queue", "create", "gpu");
  await enqueued("-q", "gpu");
  expect((await launch("queue", "delete", "gpu")).stderr).toContain("1 waiting run");
  expect((await launch("queue", "delete", "gpu", "--force")).exitCode).toBe(0);
  expect((await launch("queue", "delete", "default")).stderr).toContain("always there");
});

test("faults of a definition are shown in their places, and nothing is written", async () => {
  repository.write({ "gpu.yaml": "resource: local-container\nlimits: {runing: 2}\n" });
  const { exitCode, stderr } = await launch("queue", "create", "gpu", "-c", "gpu.yaml");
  expect(exitCode).toBe(2);
  expect(stderr).toContain('gpu.yaml:2:10  error  unknown key "runing" in limits; did you mean "running"?');
  expect((await launch("queue", "list")).stdout).not.toContain("gpu");
});

test("code that no agent could reach is refused by a store elsewhere, in words, and taken once it is pushed", async () => {
  folder.bare("srv/runs.git");
  const server = await startGitServer({ root: join(folder.path, "srv") });
  try {
    const store = `git+${server.url}/runs.git`;
    const refused = await launch("run", "-q", "--store", store);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("has no remote; add one and git push");

    folder.bare("srv/code.git");
    repository.git("push", "--quiet", join(folder.path, "srv/code.git"), "main");
    repository.git("remote", "add", "origin", `${server.url}/code.git`);
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD");
    const pushed = await launch("run", "-q", "--store", store);
    expect(pushed.stderr).toBe("");
    writeFileSync(join(folder.path, "trusted.yaml"), "allow: {local_process: trusted}\n");
    await launch("agent", "--drain", "--store", store, "-c", join(folder.path, "trusted.yaml"));
    expect((await launch("list", "--store", store)).stdout).toContain("succeeded");
  } finally {
    await server.stop();
  }
});

test("what is local is refused by a store that everybody can read, and taken by one that asks who reads", async () => {
  for (const name of ["runs", "code"]) folder.bare(`srv/${name}.git`);
  const basic = "ada:secret";
  const open = await startGitServer({ root: join(folder.path, "srv") });
  const closed = await startGitServer({ root: join(folder.path, "srv"), auth: { basic: [basic] } });
  const config = join(folder.path, "gitconfig");
  const header = `Authorization: Basic ${Buffer.from(basic).toString("base64")}`;
  writeFileSync(config, `[http "${closed.url}"]\n\textraHeader = "${header}"\n`);
  const ada = commandLine({
    directory: repository.directory,
    stateHome: folder.folder("ada"),
    environment: { GIT_CONFIG_GLOBAL: config },
  });
  try {
    repository.git("push", "--quiet", join(folder.path, "srv/code.git"), "main");
    repository.git("remote", "add", "origin", `${open.url}/code.git`);
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD");
    repository.write({ "train.sh": "echo local\n" });
    const refused = await ada("run", "-q", "--store", `git+${open.url}/runs.git`);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`everybody can read git+${open.url}/runs.git; commit it and git push`);
    const secret = await ada("run", "-q", "--store", `git+${closed.url}/runs.git`, "-a", `ghp_${"a1".repeat(18)}`);
    expect(secret.stderr).toContain("overrides.args[0] (--arg): the value is a token by its form");
    expect((await ada("list", "--store", `git+${closed.url}/runs.git`)).stdout).toContain("no runs");

    const taken = await ada("run", "-q", "--store", `git+${closed.url}/runs.git`);
    expect(taken.stderr).toBe("");
    expect(taken.stdout).toContain("waits in default");
  } finally {
    await Promise.all([open.stop(), closed.stop()]);
  }
});

test("waiting runs move to another store, with their queue's definition", async () => {
  await launch("queue", "create", "gpu", "--set", "description=moved");
  const { runs } = await enqueued("-q", "gpu", "--each", "lr=1,2");
  const from = `git+file://${join(folder.path, "state/store.git")}`;
  const to = `git+file://${join(folder.path, "other.git")}`;
  const moved = await launch("store", "migrate", from, to);
  expect(moved.stdout).toContain("moved 2 runs");
  const there = await launch("queue", "show", "gpu", "--store", to);
  for (const { run_id } of runs) expect(there.stdout).toContain(run_id);
  expect((await launch("queue", "list", "--store", to)).stdout).toContain("moved");
  expect(await statesOf()).toEqual(["cancelled", "cancelled"]);
});
