import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ActionCopy, copyAction } from "../support/github/action-copy.ts";
import { imagesOf, removeImages } from "../support/docker/docker.ts";
import { describeWithDocker } from "../support/engines.ts";
import { makeProject, type Project } from "../support/launch/project.ts";
import { remainsOf } from "../support/launch/remains.ts";
import { endGroup, launchCli, type Runner, type RunnerStep, startRunner } from "../support/github/runner.ts";

/* How a launch ends when the workflow is cancelled, or the runner kills it: by the committed bundle and the runner's own timing. */

const recordSchema = z.object({ run_id: z.string(), state: z.string(), reason: z.string().optional() });

/** Jobs that would sleep for ten minutes; the stubborn one also ignores every signal that can be ignored. */
const jobs = {
  "sleep.sh": "echo job has started\nsleep 600\n",
  "stubborn.sh": "trap '' INT TERM HUP\necho job has started\nwhile true; do sleep 1; done\n",
};

function specFor(resource: string, script: string): string {
  return `name: sleeper\nuri: .\nresource: ${resource}\noverrides:\n  entry_point: [sh, ${script}]\n`;
}

describe("a cancelled workflow", () => {
  let action: ActionCopy;
  let project: Project;
  let work: string;
  let step: RunnerStep | undefined;

  beforeAll(() => {
    action = copyAction();
    project = makeProject({
      files: {
        ...jobs,
        "process.yaml": specFor("local-process", "sleep.sh"),
        "stubborn.yaml": specFor("local-process", "stubborn.sh"),
        "container.yaml": specFor("local-container", "sleep.sh"),
        Dockerfile: "FROM busybox\nCOPY sleep.sh ./\n",
      },
    });
  });
  afterAll(() => {
    action.remove();
    project.remove();
  });
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "launch-cancel-"));
    for (const folder of ["state", "tmp", "runner"]) mkdirSync(join(work, folder));
  });
  afterEach(() => {
    if (step !== undefined) endGroup(step.process);
    rmSync(work, { recursive: true, force: true });
  });

  const environment = (): Record<string, string> => ({
    LAUNCH_STATE_HOME: join(work, "state"),
    LAUNCH_STORE: `git+file://${join(work, "state", "store.git")}`,
    TMPDIR: join(work, "tmp"),
    ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
    ...(process.env["HOME"] === undefined ? {} : { DOCKER_CONFIG: join(process.env["HOME"], ".docker") }),
  });

  function runnerFor(inputs: Readonly<Record<string, string>>): Runner {
    return startRunner({
      action: action.directory,
      workspace: project.directory,
      folder: join(work, "runner"),
      inputs: { command: "launch", ...inputs, "working-directory": "." },
      environment: environment(),
    });
  }

  /** The only run that the store keeps. */
  function onlyRecord(): z.output<typeof recordSchema> {
    const listed = launchCli(action.directory, ["list", "--json"], environment());
    const { run_id: runId } = z.object({ run_id: z.string() }).parse(JSON.parse(listed.trim()));
    return recordSchema.parse(JSON.parse(launchCli(action.directory, ["show", runId, "--json"], environment())));
  }

  function leftOf(runId: string): readonly string[] {
    return remainsOf(runId, [join(work, "tmp"), join(work, "state", "live"), join(work, "state", "scratch")]);
  }

  async function expectCancelled(spec: string): Promise<void> {
    const runner = runnerFor({ spec });
    step = runner.main();
    await step.seen("job has started");
    expect(await step.cancel(), step.log()).not.toBe("SIGKILL");
    const record = onlyRecord();
    expect(record, step.log()).toMatchObject({ state: "cancelled", reason: "cancelled" });
    expect(runner.outputs()).toMatchObject({ state: "cancelled", "run-id": record.run_id });
    expect(leftOf(record.run_id)).toEqual([]);
  }

  /** An agent's job is cancelled while its run runs: what becomes of that run. */
  async function expectEnded(spec: string, onCancel: string, state: string): Promise<void> {
    launchCli(action.directory, ["run", "-q", "default", join(project.directory, spec)], environment());
    const runner = runnerFor({ command: "agent", "on-cancel": onCancel });
    step = runner.main();
    await step.seen("job has started");
    expect(await step.cancel(), step.log()).not.toBe("SIGKILL");
    const listed = launchCli(action.directory, ["list", "--json"], environment()).trim();
    const run = z.object({ run_id: z.string(), state: z.string() }).parse(JSON.parse(listed));
    expect(run.state, step.log()).toBe(state);
    expect(leftOf(run.run_id), step.log()).toEqual([]);
  }

  test("ends the job at the first signal and records it as cancelled", () => expectCancelled("process.yaml"));

  test("ends a job that ignores signals, still before the runner kills what is left", () =>
    expectCancelled("stubborn.yaml"));

  test("that is killed without a signal is cleaned up by the post step", async () => {
    const runner = runnerFor({ spec: "process.yaml" });
    step = runner.main();
    await step.seen("job has started");
    step.process.kill("SIGKILL");
    await step.ended;
    const post = runner.post();
    expect(await post.ended, post.log()).toBe(0);
    const record = onlyRecord();
    expect(["cancelled", "failed"], post.log()).toContain(record.state);
    expect(leftOf(record.run_id)).toEqual([]);
  });

  test("of an agent ends its run, which waits again for the next agent", () =>
    expectEnded("process.yaml", "requeue", "queued"));

  test("of an agent ends a run that ignores signals, and cancels it where the job says so", () =>
    expectEnded("stubborn.yaml", "cancel", "cancelled"));

  describeWithDocker("with a container", () => {
    afterAll(() => removeImages(imagesOf("launch/sleeper")));

    test("ends and removes it", () => expectCancelled("container.yaml"));

    test("of an agent ends it, and its run waits again", () => expectEnded("container.yaml", "requeue", "queued"));

    test("that is killed without a signal has its container removed by the post step", async () => {
      const runner = runnerFor({ spec: "container.yaml" });
      step = runner.main();
      await step.seen("job has started");
      step.process.kill("SIGKILL");
      await step.ended;
      const post = runner.post();
      expect(await post.ended, post.log()).toBe(0);
      expect(leftOf(onlyRecord().run_id)).toEqual([]);
    });
  });
});
