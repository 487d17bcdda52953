import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";

/** Node 24 for the action, as GitHub's runner brings it: act runs whichever `node` is first. */
const nodeFolder = resolve(import.meta.dirname, "../../../node_modules/.bin");

/** One line of `act --json`, as far as we look at it. */
const eventSchema = z.object({
  msg: z.string(),
  stage: z.string().optional(),
  jobID: z.string().optional(),
  matrix: z.record(z.string(), z.unknown()).nullish(),
  stepID: z.array(z.string()).optional(),
  raw_output: z.boolean().optional(),
  command: z.string().optional(),
  arg: z.string().optional(),
  name: z.string().optional(),
  content: z.string().optional(),
  kvPairs: z.record(z.string(), z.string()).nullish(),
  stepResult: z.string().optional(),
});
type WorkflowEvent = z.output<typeof eventSchema>;

export type Annotation = { readonly message: string; readonly properties: Readonly<Record<string, string>> };

/** What one job has left of its step with the id `launch`; each leg of a matrix is one. */
export type JobResult = {
  readonly job: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
};

export type WorkflowRun = {
  readonly succeeded: boolean;
  readonly jobs: readonly JobResult[];
  /** What the steps printed. */
  readonly log: string;
  /** Outputs of the step with the id `launch`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly errors: readonly Annotation[];
  readonly summary: string;
  /** `launch Main success`, `launch Post success`, one for each stage of a step. */
  readonly stages: readonly string[];
  /** Everything act said, for a failed expectation. */
  readonly transcript: string;
};

export type WorkflowRequest = {
  /** The project's folder, a git repository. */
  readonly project: string;
  /** The folder that `org/launch-action@v1` means. */
  readonly action: string;
  /** Steps of the one job, after the checkout, as YAML with the indentation of a list at column 6; or all jobs, with that of a mapping at column 2. */
  readonly steps: string | { readonly jobs: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
};

function workflowOf(steps: WorkflowRequest["steps"]): string {
  if (typeof steps !== "string") return `on: push\njobs:\n${steps.jobs}`;
  return `on: push
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
${steps}`;
}

function parseEvents(text: string): readonly WorkflowEvent[] {
  return text.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const parsed = eventSchema.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function outputsOf(events: readonly WorkflowEvent[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    events.flatMap(({ command, name, arg }) => (command === "set-output" ? [[name ?? "", arg ?? ""]] : [])),
  );
}

function summaryOf(events: readonly WorkflowEvent[]): string {
  return events.flatMap(({ command, content }) => (command === "summary" ? [content ?? ""] : [])).join("");
}

/** In the order in which they began. */
function jobsOf(events: readonly WorkflowEvent[]): readonly JobResult[] {
  const legs = Map.groupBy(events, ({ jobID = "", matrix }) => `${jobID} ${JSON.stringify(matrix ?? {})}`);
  return [...legs.values()].map((own) => ({
    job: own[0]?.jobID ?? "",
    outputs: outputsOf(own),
    summary: summaryOf(own),
  }));
}

function describeRun(succeeded: boolean, stdout: string, stderr: string): WorkflowRun {
  const events = parseEvents(stdout);
  const ofLaunch = events.filter((event) => event.stepID?.[0] === "launch");
  return {
    succeeded,
    jobs: jobsOf(ofLaunch),
    log: events.flatMap((event) => (event.raw_output === true ? [event.msg] : [])).join(""),
    outputs: outputsOf(ofLaunch),
    errors: events.flatMap(({ command, arg, kvPairs }) =>
      command === "error" ? [{ message: arg ?? "", properties: kvPairs ?? {} }] : [],
    ),
    summary: summaryOf(events),
    stages: events.flatMap(({ stepID, stage, stepResult }) =>
      stepResult === undefined || stage === undefined ? [] : [`${stepID?.[0] ?? ""} ${stage} ${stepResult}`],
    ),
    transcript: [...events.map(({ msg }) => msg.trimEnd()), stderr].join("\n"),
  };
}

/** Runs a workflow of one job in GitHub's workflow engine as `act` has it, on this machine, with a home of its own. */
export async function runWorkflow(request: WorkflowRequest): Promise<WorkflowRun> {
  const home = mkdtempSync(join(tmpdir(), "launch-act-"));
  const workflow = join(home, "workflow", "train.yml");
  mkdirSync(join(home, "workflow"));
  writeFileSync(workflow, workflowOf(request.steps));
  const given = Object.entries(request.environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const secrets = Object.entries(request.secrets ?? {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const secretFile = join(home, "secrets");
  writeFileSync(secretFile, secrets.join("\n"), { mode: 0o600 });
  const args = ["push", "--json", "-W", workflow, "-P", "ubuntu-latest=-self-hosted", "--pull=false"];
  args.push("--no-cache-server", "--local-repository", `org/launch-action@v1=${request.action}`);
  args.push("--secret-file", secretFile, ...given);
  try {
    return await new Promise<WorkflowRun>((resolveRun) => {
      execFile(
        "act",
        args,
        { cwd: request.project, env: engineEnvironment(home), maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => resolveRun(describeRun(error === null, stdout, stderr)),
      );
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Nothing of this process's environment but the way to programs and, for Docker's plug-ins, the client's own folder. */
function engineEnvironment(home: string): Record<string, string> {
  const dockerClient = join(homedir(), ".docker");
  return {
    HOME: home,
    PATH: `${nodeFolder}:${process.env["PATH"] ?? ""}`,
    ...(existsSync(dockerClient) ? { DOCKER_CONFIG: dockerClient } : {}),
  };
}
