import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { actionFromSource } from "../../support/github/action-source.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../support/git/git-server.ts";
import { startRunner } from "../../support/github/runner.ts";

/* Jobs on a GitHub that takes their token and nothing else: the repository is the store, and where the code is. */

vi.setConfig({ testTimeout: 90_000 });

const token = "ghs_of-the-job";

let folder: TemporaryFolder;
let repository: TestRepository;
let server: GitServer;
let steps = 0;

beforeEach(async () => {
  folder = temporaryFolder();
  folder.bare("srv/team/train");
  server = await startGitServer({
    root: join(folder.path, "srv"),
    auth: { basic: [`x-access-token:${token}`] },
    config: { "uploadpack.allowAnySHA1InWant": "true" },
  });
  repository = folder.repository("train");
  repository.commit("a", {
    "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
    "train.sh": "echo it runs\n",
    "agent.yaml": "allow: {local_process: trusted}\n",
  });
  repository.git("push", "--quiet", join(folder.path, "srv/team/train"), "main");
  repository.git("remote", "add", "origin", `${server.url}/team/train`);
  repository.git("update-ref", "refs/remotes/origin/main", "HEAD");
});
afterEach(async () => {
  await server.stop();
  folder.remove();
});

async function job(inputs: Readonly<Record<string, string>>): Promise<{
  readonly exit: number | string;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
}> {
  const place = join(folder.path, `job-${++steps}`);
  mkdirSync(place);
  const runner = startRunner({
    action: actionFromSource(join(place, "action")),
    workspace: repository.directory,
    folder: place,
    inputs: { token, ...inputs },
    environment: { GITHUB_SERVER_URL: server.url, GITHUB_JOB: "job", GIT_CONFIG_GLOBAL: "/dev/null" },
  });
  const step = runner.main();
  return { exit: await step.ended, log: step.log(), outputs: runner.outputs() };
}

test("enqueue, serve and look by the job's token alone", async () => {
  const queued = await job({ queue: "default" });
  expect(queued.exit, queued.log).toBe(0);
  const agent = await job({ command: "agent", drain: "true", "launch-config": "agent.yaml" });
  expect(agent.exit, agent.log).toBe(0);
  expect(agent.log).toContain("it runs");
  const status = await job({ command: "status", runs: queued.outputs["run-id"] ?? "" });
  expect(status.outputs).toMatchObject({ state: "succeeded" });
});

test("an agent whose token may not write is told so, and begins nothing", async () => {
  const agent = await job({ command: "agent", drain: "true", token: "ghs_of-another" });
  expect(agent.exit).toBe(1);
  expect(agent.log).toContain("HTTP 401");
  expect(agent.log).toContain("check its name and the token");
});
