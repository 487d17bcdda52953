import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { actionFromSource } from "../../support/github/action-source.ts";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../support/git/git-server.ts";
import { type GitHubApi, startGitHubApi } from "../../support/github/github-api.ts";
import { startRunner } from "../../support/github/runner.ts";

/* The command line on a GitHub that takes a person's token or an App's, and nothing else: for runs with and without a queue. */

vi.setConfig({ testTimeout: 90_000 });

const personal = "github_pat_ada";

let folder: TemporaryFolder;
let api: GitHubApi;
let server: GitServer;
let code: string;

beforeEach(async () => {
  folder = temporaryFolder();
  folder.bare("srv/runs.git");
  folder.bare("srv/train.git");
  api = await startGitHubApi();
  const taken = (): readonly string[] => [personal, ...api.tokens].map(headerOf);
  server = await startGitServer({
    root: join(folder.path, "srv"),
    intercept: ({ authorization = "" }) =>
      taken().includes(authorization) ? undefined : { kind: "answer", status: 401 },
  });
  const repository = folder.repository("train");
  repository.commit("a", {
    "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
    "train.sh": "echo it runs\n",
  });
  repository.git("push", "--quiet", join(folder.path, "srv/train.git"), "main");
  code = repository.directory;
});
afterEach(async () => {
  await server.stop();
  await api.stop();
  folder.remove();
});

function headerOf(token: string): string {
  return `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
}

function launchAs(environment: Readonly<Record<string, string>>): CommandLine {
  const place = { GITHUB_SERVER_URL: server.url, GITHUB_API_URL: api.url };
  return commandLine({ directory: code, stateHome: folder.folder("state"), environment: { ...place, ...environment } });
}

/** A launch config with the App, and where it is. */
function appConfig(privateKey = api.app.privateKey): Readonly<Record<string, string>> {
  const { id, installation } = api.app;
  const config = join(folder.path, "launch-config.yaml");
  writeFileSync(config, `github_app: {id: ${id}, installation: ${installation}, private_key: {env: APP_KEY}}\n`);
  return { LAUNCH_CONFIG: config, APP_KEY: privateKey };
}

describe.each([
  ["LAUNCH_GITHUB_TOKEN", () => ({ LAUNCH_GITHUB_TOKEN: personal })],
  ["the launch config's App", () => appConfig()],
])("%s", (_name, credentials) => {
  it("is what a run without a queue is kept by, and what its code is fetched by", async () => {
    const launch = launchAs({ ...credentials(), LAUNCH_STORE: `git+${server.url}/runs.git` });
    const run = await launch("run", `${server.url}/train.git`, "-r", "local-process", "--", "sh", "train.sh");
    expect(run, run.stdout + run.stderr).toMatchObject({ exitCode: 0 });
    expect(run.stdout).toContain("it runs");
    expect((await launch("list")).stdout).toContain("succeeded");
  });

  it("is what waiting runs are moved by, to a store and away from it", async () => {
    const launch = launchAs(credentials());
    const here = `git+file://${folder.folder("here")}/runs.git`;
    const there = `git+${server.url}/runs.git`;
    const queued = await launch("run", "-q", "--store", here, "--", "true");
    expect(queued, queued.stderr).toMatchObject({ exitCode: 0 });
    for (const stores of [
      [here, there],
      [there, here],
    ]) {
      const moved = await launch("store", "migrate", ...stores);
      expect(moved, moved.stderr).toMatchObject({ exitCode: 0 });
      expect(moved.stdout).toContain("moved 1 run");
    }
  });
});

describe("an App", () => {
  it("is what a job writes by to a store that its own token doesn't reach", async () => {
    const runner = startRunner({
      action: actionFromSource(folder.folder("action")),
      workspace: code,
      folder: folder.folder("job"),
      inputs: { token: "ghs_of-the-job", store: `git+${server.url}/runs.git` },
      environment: { ...appConfig(), GITHUB_SERVER_URL: server.url, GITHUB_API_URL: api.url },
    });
    const step = runner.main();
    expect(await step.ended, step.log()).toBe(0);
    expect(runner.outputs()).toMatchObject({ state: "succeeded" });
    const [token = ""] = api.tokens;
    expect(step.log()).toContain(`::add-mask::${token}`);
    expect(step.log().split(token)).toHaveLength(2);
  });

  it("is not asked for a token by a run that reaches nothing on its GitHub", async () => {
    const launch = launchAs(appConfig());
    expect(await launch("run", "--", "true")).toMatchObject({ exitCode: 0 });
    expect(api.requests).toEqual([]);
  });

  it("whose key is none is told as that, and no run is begun", async () => {
    const launch = launchAs({ ...appConfig("hunter2"), LAUNCH_STORE: `git+${server.url}/runs.git` });
    const run = await launch("run", "--", "true");
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("github_app.private_key is no private key in PEM form");
    expect(run.stdout + run.stderr).not.toContain("hunter2");
    expect(server.requests).toEqual([]);
  });
});
