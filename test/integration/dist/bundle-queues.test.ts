import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ActionCopy, copyAction } from "../../support/github/action-copy.ts";
import { type CommandLine, commandLine, type RunningCommand } from "../../support/cli/command-line.ts";
import { docker } from "../../support/docker/docker.ts";
import { describeWith, describeWithDocker } from "../../support/engines.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { startGitServer } from "../../support/git/git-server.ts";
import { startPostgres } from "../../support/postgres/postgres.ts";
import { remainsOf } from "../../support/launch/remains.ts";
import { attemptIn } from "../../support/launch/attempt.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";

/* What a bundle can break that its sources do right: programs that it starts from its own text, and packages that a chunk loads. */

/** It ends when it is told to, so that the second agent is there while it runs. */
const job = 'echo "started by $LAUNCH_ATTEMPT" | tee -a "$TRACE"\nuntil [ -e "$TRACE.go" ]; do sleep 0.1; done\necho ended\n';
const recordSchema = z.object({ state: z.string(), attempts: z.array(z.unknown()).optional() });
const enqueuedSchema = z.object({ event: z.literal("enqueued"), runs: z.array(z.object({ run_id: z.string() })) });

describe("the committed bundle", () => {
  let copy: ActionCopy;
  let folder: TemporaryFolder;
  let repository: TestRepository;
  let launcher: string;
  const started: RunningCommand[] = [];

  beforeAll(() => {
    copy = copyAction();
  });
  afterAll(() => copy.remove());
  beforeEach(() => {
    folder = temporaryFolder();
    repository = folder.repository("train");
    repository.commit("a", { "job.sh": job, "ok.sh": "echo fine\n" });
    // Away from the project, in a folder with a space, and by a link to a link.
    launcher = join(folder.folder("on PATH"), "launch");
    symlinkSync(join(copy.directory, "bin", "launch.js"), `${launcher}.js`);
    symlinkSync("launch.js", launcher);
  });
  afterEach(async () => {
    for (const command of started.splice(0)) {
      command.process.kill("SIGKILL");
      await command.ended;
    }
    folder.remove();
  });

  function launchIn(directory: string, environment: Readonly<Record<string, string>> = {}): CommandLine {
    const host = process.env["DOCKER_HOST"];
    return commandLine({
      directory,
      stateHome: join(folder.path, "state"),
      environment: { ...(host === undefined ? {} : { DOCKER_HOST: host }), ...environment },
      launcher,
    });
  }

  async function enqueued(...argv: readonly string[]): Promise<string> {
    const { stdout, stderr, exitCode } = await launchIn(repository.directory)("run", ...argv, "--json");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const line = stdout.split("\n").find((text) => text.includes('"event":"enqueued"')) ?? "";
    return enqueuedSchema.parse(JSON.parse(line)).runs[0]?.run_id ?? "";
  }

  /** The first agent is killed while the run runs; the second must take that very attempt over, and see it end once told to. */
  async function expectTakenOver(runId: string, finish: () => void): Promise<void> {
    const launch = launchIn(folder.folder("elsewhere"));
    const first = launch.start("agent");
    started.push(first);
    await first.seen("started by 1");
    first.process.kill("SIGKILL");
    await first.ended;
    const second = launch.start("agent", "--drain");
    started.push(second);
    await second.seen("taken over");
    finish();
    const { exitCode, stdout, stderr } = await second.ended;
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: "" });
    const shown = await launch("show", runId, "--json");
    expect(recordSchema.parse(JSON.parse(shown.stdout)), stdout).toMatchObject({ state: "succeeded" });
    const { stdout: log } = await launch("logs", runId);
    expect(log.match(/^(?:started|ended).*$/gm)).toEqual(["started by 1", "ended"]);
    expect(remainsOf(runId, [join(folder.path, "state", "live"), join(folder.path, "state", "scratch")])).toEqual([]);
  }

  test("leaves a process running when its agent is killed, and the next agent takes it over", async () => {
    const trace = join(folder.path, "trace");
    const spec = `name: train\nresource: local-process\nenv: {TRACE: ${trace}}\noverrides: {entry_point: sh job.sh}\n`;
    repository.commit("b", { "launch.yaml": spec });
    const runId = await enqueued("-q");
    await expectTakenOver(runId, () => writeFileSync(`${trace}.go`, ""));
  });

  describeWithDocker("with Docker", () => {
    test("leaves a container running when its agent is killed, and the next agent takes it over", async () => {
      const spec = {
        name: "train",
        resource: "local-container",
        docker: { docker_image: "busybox" },
        env: { TRACE: "/tmp/trace" },
        overrides: { entry_point: ["sh", "-c", job] },
      };
      repository.commit("b", { "launch.yaml": JSON.stringify(spec) });
      const runId = await enqueued("-q");
      await expectTakenOver(runId, () => void docker("exec", attemptIn(stateDirectoryAt(join(folder.path, "state")), runId), "touch", "/tmp/trace.go"));
    });
  });

  describeWith(["postgres"], "with Postgres", () => {
    test("keeps queues there, and asks for no package that it hasn't", async () => {
      const server = await startPostgres();
      const code = await startGitServer({ root: folder.folder("srv") });
      try {
        const store = await server.newDatabase();
        const spec = "name: train\nresource: local-process\noverrides: {entry_point: sh ok.sh}\n";
        repository.commit("b", { "launch.yaml": spec });
        folder.bare("srv/code.git");
        repository.git("push", "--quiet", join(folder.path, "srv", "code.git"), "main");
        repository.git("remote", "add", "origin", `${code.url}/code.git`);
        repository.git("update-ref", "refs/remotes/origin/main", "HEAD");
        writeFileSync(join(folder.path, "trusted.yaml"), "allow: {local_process: trusted}\n");
        // What was bundled by name only is looked for by this, as `require`.
        const hook = join(folder.path, "hook.mjs");
        const asked = "(name) => { process.stderr.write(`asked for ${name}\\n`); throw new Error(name); }";
        writeFileSync(hook, `globalThis.require = ${asked};\n`);
        const launch = launchIn(folder.path, { NODE_OPTIONS: `--import=${hook}`, LAUNCH_STORE: store });

        const agent = launch.start("agent", "-c", join(folder.path, "trusted.yaml"), "--idle-timeout", "5s");
        started.push(agent);
        await agent.seen("serves default");
        const runId = await enqueued("-q", "--store", store);
        const waited = await launch("wait", runId);
        expect({ exitCode: waited.exitCode, stderr: waited.stderr }, waited.stdout).toEqual({ exitCode: 0, stderr: "" });
        const { exitCode, stderr, stdout } = await agent.ended;
        expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: "" });
        expect(stdout).toContain("1 run: 1 succeeded");
      } finally {
        await Promise.all([server.stop(), code.stop()]);
      }
    });
  });
});
