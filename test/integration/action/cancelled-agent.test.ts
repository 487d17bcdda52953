import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { actionFromSource } from "../../support/github/action-source.ts";
import { processesOf } from "../../support/agent/agent.ts";
import { describeWithDocker } from "../../support/engines.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { remainsOf } from "../../support/launch/remains.ts";
import { endGroup, type Runner, type RunnerStep, startRunner } from "../../support/github/runner.ts";

/*
 * An agent's job that is cancelled, by the runner's own timing: SIGINT, SIGTERM 7.5 s later, and the end of the whole tree 2.5 s after
 * that; then the post step, and the job's temporary folder goes.
 */

// Some ten programs are started one after another, and the runner takes 10 s to kill.
vi.setConfig({ testTimeout: 120_000 });

const resultSchema = z.looseObject({ runs: z.array(z.looseObject({ run_id: z.string() })) });

/** The first attempt would take ten minutes, whatever signal it gets; the second ends at once. */
const stubborn = `trap '' INT TERM HUP
echo "try number $LAUNCH_ATTEMPT"
test "$LAUNCH_ATTEMPT" = 2 || while true; do sleep 1; done
`;

let folder: TemporaryFolder;
let repository: TestRepository;
let action: string;
let steps = 0;
const begun: RunnerStep[] = [];
let runIds: readonly string[] = [];

beforeEach(() => {
  folder = temporaryFolder();
  repository = folder.repository("train");
  repository.commit("a", {
    "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
    "train.sh": stubborn,
  });
  action = actionFromSource(folder.folder("action"));
});
afterEach(() => {
  for (const { process } of begun.splice(0)) {
    process.kill("SIGCONT");
    endGroup(process);
  }
  folder.remove();
});

function job(inputs: Readonly<Record<string, string>>): Runner {
  const place = join(folder.path, `job-${++steps}`);
  mkdirSync(place);
  const runner = startRunner({
    action,
    workspace: repository.directory,
    folder: place,
    inputs: { store: `git+file://${join(folder.path, "store.git")}`, ...inputs },
    environment: {
      GITHUB_JOB: "train",
      GITHUB_ACTION: `launch-${steps}`,
      GIT_CONFIG_GLOBAL: "/dev/null",
      ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
    },
  });
  return {
    ...runner,
    main: () => {
      const step = runner.main();
      begun.push(step);
      return step;
    },
  };
}

async function ended(inputs: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const runner = job(inputs);
  const step = runner.main();
  expect(await step.ended, step.log()).toBe(0);
  return runner.outputs();
}

async function enqueue(inputs: Readonly<Record<string, string>> = {}): Promise<void> {
  const { result = "{}" } = await ended({ queue: "default", ...inputs });
  runIds = resultSchema.parse(JSON.parse(result)).runs.map(({ run_id: runId }) => runId);
}

async function statesOf(): Promise<readonly string[]> {
  const states = await Promise.all(runIds.map((runId) => ended({ command: "status", runs: runId })));
  return states.map(({ state = "" }) => state);
}

/** Starts an agent's job and waits until all of its runs are on their way. */
async function agentAtWork(
  inputs: Readonly<Record<string, string>> = {},
): Promise<{ runner: Runner; step: RunnerStep }> {
  const runner = job({ command: "agent", "max-jobs": "2", ...inputs });
  const step = runner.main();
  await step.seen("try number 1");
  while (step.log().split("try number 1").length <= runIds.length)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return { runner, step };
}

test("ends its runs before the runner's second signal, and another agent brings them to their ends", async () => {
  await enqueue({ each: "n=1,2" });
  const { step } = await agentAtWork();
  expect(await step.cancel(), step.log()).toBe("SIGINT");
  expect(await step.ended).toBe(0);
  expect(await processesOf(runIds)).toEqual([]);
  await ended({ command: "agent", drain: "true", "max-jobs": "2" });
  expect(await statesOf()).toEqual(["succeeded", "succeeded"]);
});

test("with on-cancel: cancel its runs are cancelled", async () => {
  await enqueue();
  const { step } = await agentAtWork({ "on-cancel": "cancel" });
  expect(await step.cancel(), step.log()).toBe("SIGINT");
  expect(await processesOf(runIds)).toEqual([]);
  expect(await statesOf()).toEqual(["cancelled"]);
});

test("that doesn't answer is killed; the post step ends its runs and lets another agent have them", async () => {
  await enqueue();
  const { runner, step } = await agentAtWork();
  step.process.kill("SIGSTOP");
  expect(await step.cancel()).toBe("SIGKILL");
  const post = runner.post();
  expect(await post.ended, post.log()).toBe(0);
  expect(await processesOf(runIds), post.log()).toEqual([]);
  expect(await statesOf(), post.log()).toEqual(["queued"]);
  await ended({ command: "agent", drain: "true" });
  expect(await statesOf()).toEqual(["succeeded"]);
});

describeWithDocker("with containers", () => {
  beforeEach(() => {
    repository.commit("b", {
      "launch.yaml": `name: train\ndocker: {docker_image: "busybox:latest"}\noverrides:\n  entry_point: [sh, -c, ${JSON.stringify(stubborn)}]\n`,
    });
  });

  test("it ends and removes them in time", async () => {
    await enqueue();
    const { step } = await agentAtWork();
    expect(await step.cancel(), step.log()).toBe("SIGINT");
    expect(remainsOf(runIds[0] ?? "", [])).toEqual([]);
    expect(await statesOf()).toEqual(["queued"]);
  });

  test("that is killed has them removed by the post step", async () => {
    await enqueue();
    const { runner, step } = await agentAtWork();
    step.process.kill("SIGKILL");
    await step.ended;
    const post = runner.post();
    expect(await post.ended, post.log()).toBe(0);
    expect(remainsOf(runIds[0] ?? "", [])).toEqual([]);
    expect(await statesOf()).toEqual(["queued"]);
  });
});
