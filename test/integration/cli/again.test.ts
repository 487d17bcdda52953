import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import {
  gitEnvironment,
  temporaryFolder,
  type TemporaryFolder,
  type TestRepository,
} from "../../support/git/git-repository.ts";

const recordSchema = z.looseObject({ source: z.looseObject({ tree: z.string() }) });

let folder: TemporaryFolder;
let repository: TestRepository;
let launch: CommandLine;

beforeEach(() => {
  folder = temporaryFolder();
  const server = folder.bare("server");
  repository = folder.clone(server.directory, "train");
  repository.commit("a", {
    "launch.yaml": "resource: local-process\noverrides: {entry_point: [bash, train.sh]}\n",
    "train.sh": "echo a\n",
  });
  repository.git("push", "--quiet", "origin", "HEAD:main");
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
});
afterEach(() => folder.remove());

async function treeOf(run: string): Promise<string> {
  return recordSchema.parse(JSON.parse((await launch("show", run, "--json")).stdout)).source.tree;
}

/** Runs the commands that `launch show` names, in a clone of what the remote has. */
async function followAgain(run: string): Promise<string> {
  const commands = (await launch("show", run)).stdout.split(/^ {2}again {4}/m)[1] ?? "";
  folder.clone(join(folder.path, "server"), "clone");
  const source = join(import.meta.dirname, "../../support/launch/launch-source.ts");
  const program = `set -e\nlaunch() { "${process.execPath}" "${source}" "$@"; }\n${commands}`;
  return execFileSync("bash", ["-c", program], {
    cwd: join(folder.path, "clone"),
    env: { ...gitEnvironment, LAUNCH_STATE_HOME: join(folder.path, "state") },
    encoding: "utf8",
  });
}

function runIdIn(stdout: string): string {
  return /launch show (\S+)/.exec(stdout)?.[1] ?? "";
}

test("the commands to run a run again bring back local commits, changes and new files", async () => {
  repository.commit("only here", { "train.sh": "echo b\nsource more.sh\n" });
  repository.write({ "more.sh": "echo new file\n", "train.sh": "echo c\nsource more.sh\n" });
  const first = await launch("run", "--include-untracked");
  expect(first.exitCode).toBe(0);
  const again = await followAgain(runIdIn(first.stdout));
  expect(again).toContain("│ c\n│ new file\n");
  expect(await treeOf(runIdIn(again))).toBe(await treeOf(runIdIn(first.stdout)));
});

test("a version that was asked for and holds local commits is run again as it was", async () => {
  repository.commit("only here", { "train.sh": "echo b\n" });
  repository.git("branch", "mine");
  const first = await launch("run", "-g", "mine");
  expect(first.stdout).toContain("1 changed file");
  const again = await followAgain(runIdIn(first.stdout));
  expect(await treeOf(runIdIn(again))).toBe(await treeOf(runIdIn(first.stdout)));
});
