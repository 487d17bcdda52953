import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandLine, commandLine, type RunningCommand } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../support/git/git-server.ts";
import { type GitHubApi, startGitHubApi } from "../../support/github/github-api.ts";

/*
 * Agents on a git server that takes two things: a person's token, and the token that the App was given last. So is GitHub: a token of an
 * App is good for an hour, or until somebody takes it away.
 */

const personal = "github_pat_ada";

describe("an agent that is a GitHub App", () => {
  let folder: TemporaryFolder;
  let api: GitHubApi;
  let server: GitServer;
  let ada: CommandLine;
  let box: CommandLine;
  let agent: RunningCommand | undefined;
  let proceed: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    folder.bare("srv/runs.git");
    folder.bare("srv/code.git");
    api = await startGitHubApi();
    const isGood = (header: string | undefined): boolean =>
      [personal, api.good()]
        .filter((token) => token !== undefined)
        .some((token) => header === `Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`);
    server = await startGitServer({
      root: join(folder.path, "srv"),
      intercept: ({ authorization }) => (isGood(authorization) ? undefined : { kind: "answer", status: 401 }),
    });
    proceed = join(folder.path, "proceed");
    const code = folder.repository("train");
    code.commit("a", {
      "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
      "train.sh": 'echo begun\nwhile [ ! -e "$PROCEED" ]; do sleep 0.1; done\necho ended\n',
    });
    code.git("push", "--quiet", join(folder.path, "srv/code.git"), "main");
    code.git("remote", "add", "origin", `${server.url}/code.git`);
    code.git("update-ref", "refs/remotes/origin/main", "HEAD");
    const { id, installation, privateKey } = api.app;
    writeFileSync(join(folder.path, "app.pem"), privateKey);
    const app = `{id: ${id}, installation: ${installation}, private_key: {file: ${join(folder.path, "app.pem")}}}`;
    const config = `github_app: ${app}\nallow: {local_process: trusted}\nstore: git+${server.url}/runs.git\n`;
    writeFileSync(join(folder.folder("box"), "launch-config.yaml"), config);
    const place = { GITHUB_SERVER_URL: server.url, GITHUB_API_URL: api.url };
    ada = commandLine({
      directory: code.directory,
      stateHome: folder.folder("ada"),
      environment: { ...place, LAUNCH_GITHUB_TOKEN: personal, LAUNCH_STORE: `git+${server.url}/runs.git` },
    });
    box = commandLine({
      directory: join(folder.path, "box"),
      stateHome: folder.folder("box-state"),
      environment: { ...place, LAUNCH_CONFIG: "launch-config.yaml" },
    });
  });
  afterEach(async () => {
    if (agent?.process.exitCode === null) agent.process.kill("SIGKILL");
    await agent?.ended;
    writeFileSync(proceed, "");
    await box("prune");
    await server.stop();
    await api.stop();
    folder.remove();
  });

  it("goes on with a new token when the one it has is good no more, while a run is on its way too", async () => {
    const enqueued = await ada("run", "-q", "--env", `PROCEED=${proceed}`);
    expect(enqueued).toMatchObject({ stderr: "", exitCode: 0 });
    agent = box.start("agent", "--name", "box-1", "--verbose");
    await agent.seen("begun");
    expect(api.tokens).toHaveLength(1);

    api.fail({ kind: "status", status: 502 });
    api.revoke();
    writeFileSync(proceed, "");
    await agent.seen("ended");
    const stopped = await ada("agent", "stop", "box-1");
    expect(stopped.exitCode).toBe(0);
    const { exitCode, stdout, stderr } = await agent.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("1 succeeded");
    expect(stderr).toContain("the token of GitHub App 1234 could not be renewed");
    expect(api.tokens).toHaveLength(2);
    expect((await ada("list")).stdout).toContain("succeeded");
    for (const token of api.tokens) expect(stdout + stderr).not.toContain(token);
  }, 90_000);

  it("doesn't begin with a key that GitHub doesn't take, and says what to look at", async () => {
    writeFileSync(join(folder.path, "app.pem"), (await otherKey()).privateKey);
    const { exitCode, stderr } = await box("agent", "--drain");
    expect({ exitCode, words: stderr.includes("check github_app.id and github_app.private_key") }).toEqual({
      exitCode: 2,
      words: true,
    });
  });

  it("needs the App no more than its store and sources do: others list with the same config", async () => {
    await ada("run", "-q", "--env", `PROCEED=${proceed}`);
    expect((await box("list")).stdout).toContain("train");
    expect(api.tokens).toHaveLength(1);
  });
});

async function otherKey(): Promise<{ readonly privateKey: string }> {
  const other = await startGitHubApi();
  await other.stop();
  return other.app;
}
