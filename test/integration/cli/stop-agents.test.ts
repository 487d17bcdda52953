import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type CommandLine, commandLine, type Ended, type RunningCommand } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";
import { type GitServer, startGitServer } from "../../support/git/git-server.ts";

/* Agents of one machine, and who stops them from another: all that the two share is a store over http. */

// Up to ten programs are started one after another.
vi.setConfig({ testTimeout: 90_000 });

const listedSchema = z.array(
  z.looseObject({ agent: z.string(), state: z.string(), runs: z.array(z.string()), silent: z.boolean() }),
);

describe("agents that are stopped from another machine", () => {
  let folder: TemporaryFolder;
  let server: GitServer;
  let here: CommandLine;
  let there: CommandLine;
  const running: RunningCommand[] = [];

  beforeEach(async () => {
    folder = temporaryFolder();
    folder.bare("srv/runs.git");
    folder.bare("srv/code.git");
    server = await startGitServer({ root: join(folder.path, "srv") });
    const code = folder.repository("train");
    code.commit("a", {
      "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
      "train.sh": "echo begun $LAUNCH_ATTEMPT\ntest $LAUNCH_ATTEMPT = 2 || sleep 300\n",
      "launch-config.yaml": "allow: {local_process: trusted}\n",
    });
    code.git("push", "--quiet", join(folder.path, "srv/code.git"), "main");
    code.git("remote", "add", "origin", `${server.url}/code.git`);
    code.git("update-ref", "refs/remotes/origin/main", "HEAD");
    const machine = (name: string): CommandLine =>
      commandLine({
        directory: code.directory,
        stateHome: folder.folder(name),
        environment: { LAUNCH_STORE: `git+${server.url}/runs.git` },
      });
    here = machine("here");
    there = machine("there");
  });
  afterEach(async () => {
    for (const { process, ended } of running.splice(0)) {
      if (process.exitCode === null) process.kill("SIGKILL");
      await ended;
    }
    // What a killed agent has left of its runs.
    await there("prune");
    await server.stop();
    folder.remove();
  });

  const startAgent = async (...argv: readonly string[]): Promise<RunningCommand> => {
    const agent = there.start("agent", "-c", "launch-config.yaml", "--name", "box-1", ...argv);
    running.push(agent);
    await agent.seen("box-1 serves");
    return agent;
  };
  const agents = async (): Promise<z.output<typeof listedSchema>> => {
    const { stdout } = await here("agent", "list", "--json");
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
    return listedSchema.parse(lines.map((line) => JSON.parse(line) as unknown));
  };
  const whenListed = async (): Promise<void> => {
    while ((await agents()).length === 0);
  };
  const agentAtWork = async (): Promise<RunningCommand> => {
    await here("run", "-q");
    const agent = await startAgent();
    await agent.seen("begun 1");
    return agent;
  };

  it("answer, end when they have nothing to do, and are not listed any more", async () => {
    const agent = await startAgent();
    await whenListed();
    const stopped = await here("agent", "stop", "box-1");
    expect(stopped).toMatchObject({ stderr: "", exitCode: 0 });
    expect(stopped.stdout).toMatch(/^ {2}box-1 (?:takes no more runs, and ends|has ended)\n$/);
    const { stdout, exitCode } = await agent.ended;
    expect({ exitCode, why: stdout.includes("somebody asked it to stop") }).toEqual({ exitCode: 0, why: true });
    expect(await agents()).toEqual([]);
  });

  it("go on with their runs, until that is not wanted either; then these wait for another agent", async () => {
    const agent = await agentAtWork();
    const drained = await here("agent", "stop", "box-1");
    expect(drained.stdout).toBe("  box-1 takes no more runs, and ends when its run has ended\n");
    expect(await agents()).toMatchObject([{ agent: "box-1", state: "draining", asked_to_stop: "drain" }]);
    const ended = await here("agent", "stop", "box-1", "--now", "--json");
    expect(JSON.parse(ended.stdout)).toMatchObject({
      agent: "box-1",
      answer: expect.stringMatching(/stopping|ended/) as string,
    });
    expect((await agent.ended).stdout).toContain("1 given back");
    const again = await there("agent", "-c", "launch-config.yaml", "--drain", "--name", "box-2");
    expect(again.stdout).toContain("1 succeeded");
  });

  it("that are killed don't answer: elsewhere that is said, on their own machine it is known", async () => {
    const agent = await agentAtWork();
    agent.process.kill("SIGKILL");
    await agent.ended;
    const unheard = await here("agent", "stop", "box-1", "--timeout", "1s");
    expect(unheard.exitCode).toBe(3);
    expect(unheard.stdout).toContain("box-1 has not answered within 1.0 s; it was last seen");
    const known = await there("agent", "stop", "box-1");
    expect(known).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("the next agent of its queues takes over its run") as string,
    });
    expect(await agents()).toMatchObject([{ agent: "box-1", asked_to_stop: "drain" }]);
  });

  it("that were killed with nothing to do are taken off the list", async () => {
    const agent = await startAgent();
    await whenListed();
    agent.process.kill("SIGKILL");
    await agent.ended;
    expect((await there("agent", "stop", "box-1")).stdout).toContain("holds no run; it is taken off the list");
    expect(await agents()).toEqual([]);
  });

  it("are named as they are", async () => {
    await startAgent();
    await whenListed();
    const { stderr, exitCode }: Ended = await here("agent", "stop", "box-2");
    expect({ stderr, exitCode }).toEqual({
      stderr: expect.stringContaining('there is no agent "box-2"; did you mean "box-1"?') as string,
      exitCode: 2,
    });
    expect(await agents()).toMatchObject([{ agent: "box-1", state: "working" }]);
  });
});
