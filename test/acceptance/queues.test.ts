import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type ActionCopy, copyAction } from "../support/github/action-copy.ts";
import { describeWith } from "../support/engines.ts";
import { type GitServer, startGitServer } from "../support/git/git-server.ts";
import { makeProject, type Project } from "../support/launch/project.ts";
import { remainsOf } from "../support/launch/remains.ts";
import { launchCli } from "../support/github/runner.ts";
import { type JobResult, runWorkflow, type WorkflowRun } from "../support/github/workflow.ts";

/*
 * Jobs that put runs into a queue and a job that is an agent, in one workflow on a repository that a git server has: the store is that
 * repository, as it is on GitHub, and only the job's token may write to it.
 */

const token = "token-of-this-job";
const specOf = (name: string, script: string): string =>
  `name: ${name}\nresource: local-process\noverrides: {entry_point: sh ${script}}\n`;
const files = {
  "train.sh": 'echo "trained with $LAUNCH_CONFIG"\necho \'{"loss": 0.5}\' > "$LAUNCH_OUTPUT_DIR/metrics.json"\n',
  "fail.sh": "echo out of luck >&2\nexit 3\n",
  "launch.yaml": specOf("train", "train.sh"),
  "fail.yaml": specOf("unlucky", "fail.sh"),
  "launch-config.yaml": "allow: {local_process: trusted}\n",
  ".launch/queues/cpu.yaml": "resource: local-process\nlimits: {running: 2, timeout: {max: 1h}}\n",
};

const enqueuedSchema = z.object({
  schema_version: z.literal(1),
  state: z.string(),
  store: z.string(),
  group: z.string().optional(),
  runs: z.array(z.object({ run_id: z.string(), queue: z.literal("cpu"), state: z.string() })),
});
const agentSchema = z.object({
  schema_version: z.literal(1),
  end: z.string(),
  runs: z.array(z.object({ run_id: z.string(), attempt: z.int(), end: z.string() })),
});
const headSchema = z.object({ run_id: z.string(), state: z.string() });

/** A job of this id, with these steps of the action: each is its inputs as lines of YAML. The last one has the id `launch`. */
function job(id: string, more: readonly string[], ...steps: readonly (readonly string[])[]): string {
  const lines = steps.flatMap((inputs, index) => [
    ...(index === steps.length - 1 ? ["      - id: launch"] : ["      - name: before"]),
    "        uses: org/launch-action@v1",
    "        with:",
    ...inputs.map((line) => `          ${line}`),
  ]);
  const head = [`  ${id}:`, "    runs-on: ubuntu-latest", ...more.map((line) => `    ${line}`)];
  return [...head, "    steps:", "      - uses: actions/checkout@v4", ...lines, ""].join("\n");
}

describeWith(["act"], "queues in a workflow", () => {
  let action: ActionCopy;
  let work: string;
  let server: GitServer;
  let project: Project;
  let store: string;

  beforeAll(() => {
    action = copyAction();
  });
  afterAll(() => action.remove());
  beforeEach(async () => {
    work = mkdtempSync(join(tmpdir(), "launch-acceptance-"));
    for (const folder of ["state", "tmp", "served/team"]) mkdirSync(join(work, folder), { recursive: true });
    const served = join(work, "served", "team", "train.git");
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", served]);
    server = await startGitServer({ root: join(work, "served"), auth: { basic: [`x-access-token:${token}`] } });
    store = `git+${server.url}/team/train`;
    project = makeProject({ files });
    const git = (...args: readonly string[]): Buffer => execFileSync("git", args, { cwd: project.directory });
    git("push", "--quiet", served, "main");
    // As actions/checkout leaves it.
    git("remote", "add", "origin", `${server.url}/team/train`);
    git("update-ref", "refs/remotes/origin/main", "HEAD");
  });
  afterEach(async () => {
    await server.stop();
    project.remove();
    rmSync(work, { recursive: true, force: true });
  });

  const run = (...jobs: readonly string[]): Promise<WorkflowRun> =>
    runWorkflow({
      project: project.directory,
      action: action.directory,
      steps: { jobs: jobs.join("") },
      environment: {
        LAUNCH_STATE_HOME: join(work, "state"),
        TMPDIR: join(work, "tmp"),
        GITHUB_SERVER_URL: server.url,
        GITHUB_REPOSITORY: "team/train",
      },
      secrets: { GITHUB_TOKEN: token },
    });
  const of = (ran: WorkflowRun, id: string): readonly JobResult[] => ran.jobs.filter(({ job }) => job === id);
  const enqueuedBy = ({ outputs }: JobResult): z.output<typeof enqueuedSchema> =>
    enqueuedSchema.parse(JSON.parse(outputs["result"] ?? "{}"));
  const agentOf = (ran: WorkflowRun): z.output<typeof agentSchema> =>
    agentSchema.parse(JSON.parse(of(ran, "agent")[0]?.outputs["result"] ?? "{}"));
  /** What the store says to whoever is on the server's machine. */
  const listed = (): ReadonlyMap<string, string> => {
    const served = `git+file://${join(work, "served", "team", "train.git")}`;
    const environment = { LAUNCH_STATE_HOME: join(work, "desk") };
    const lines = launchCli(action.directory, ["list", "--store", served, "--json"], environment).trim().split("\n");
    return new Map(lines.map((line) => headSchema.parse(JSON.parse(line))).map((head) => [head.run_id, head.state]));
  };
  const expectNothingLeft = (runIds: readonly string[]): void => {
    const folders = [join(work, "tmp"), join(work, "state", "live"), join(work, "state", "scratch")];
    for (const runId of runIds) expect(remainsOf(runId, folders)).toEqual([]);
  };

  test("a matrix and a sweep wait in a queue of the repository, and an agent's job drains it", async () => {
    const matrix = ["strategy:", "  matrix:", '    lr: ["0.1", "0.01"]'];
    const ran = await run(
      job("train", matrix, ["spec: launch.yaml", "queue: cpu", "set: lr=${{ matrix.lr }}"]),
      job("sweep", [], ["spec: launch.yaml", "queue: cpu", "name: sweep", "each: size=1,2"]),
      job("other", [], ["spec: fail.yaml", "queue: cpu", "priority: low"]),
      job(
        "agent",
        ["needs: [train, sweep, other]"],
        ["command: agent", "launch-config: launch-config.yaml", "queues: cpu", "max-jobs: 2", "drain: true"],
      ),
    );

    expect(ran.succeeded, ran.transcript).toBe(true);
    expect(ran.errors).toEqual([]);
    const legs = of(ran, "train").map(enqueuedBy);
    const [sweep] = of(ran, "sweep").map(enqueuedBy);
    const [other] = of(ran, "other").map(enqueuedBy);
    for (const leg of legs) expect(leg).toMatchObject({ state: "queued", runs: [{ state: "queued" }] });
    expect(sweep).toMatchObject({ state: "queued", store, runs: [{ state: "queued" }, { state: "queued" }] });
    expect(of(ran, "sweep")[0]?.outputs["run-id"]).toBe(sweep?.group);
    const waiting = [...legs, sweep, other].flatMap((enqueued) => enqueued?.runs ?? []).map(({ run_id }) => run_id);
    expect(new Set(waiting).size).toBe(5);

    const { end, runs } = agentOf(ran);
    expect(end).toBe("drained");
    expect(runs.map(({ run_id }) => run_id).sort()).toEqual([...waiting].sort());
    const unlucky = other?.runs[0]?.run_id ?? "";
    for (const { run_id: runId, attempt, end: ended } of runs) {
      expect([runId, attempt, ended]).toEqual([runId, 1, runId === unlucky ? "failed" : "succeeded"]);
    }
    expect(listed()).toEqual(new Map(runs.map(({ run_id: runId, end: state }) => [runId, state])));
    for (const config of ['{"lr":0.1}', '{"lr":0.01}', '{"size":1}', '{"size":2}']) {
      expect(ran.log.split(`trained with ${config}\n`)).toHaveLength(2);
    }
    expect(of(ran, "sweep")[0]?.summary).toMatch(new RegExp(`2 runs.* in \`cpu\` as \`${sweep?.group ?? ""}\``));
    const [agentJob] = of(ran, "agent");
    expect(agentJob?.summary).toContain("5 runs: 4 succeeded, 1 failed");
    expect(agentJob?.summary).toContain(`| \`${unlucky}\` | \`cpu\` | 1 | failed (exit-code)`);
    expect(agentJob?.outputs).toMatchObject({ state: "succeeded" });
    expectNothingLeft(waiting);
  });
});
