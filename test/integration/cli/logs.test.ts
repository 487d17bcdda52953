import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandLine, commandLine } from "../../support/cli/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";

const spec = "name: train\nresource: local-process\noverrides: {entry_point: [bash, train.sh]}\n";

let folder: TemporaryFolder;
let launch: CommandLine;

beforeEach(() => {
  folder = temporaryFolder();
  const repository = folder.repository("train");
  repository.commit("a", { "launch.yaml": spec, "train.sh": "echo first; sleep 1; echo last\n" });
  launch = commandLine({ directory: repository.directory, stateHome: folder.folder("state") });
});
afterEach(() => folder.remove());

async function enqueued(): Promise<string> {
  const { stdout } = await launch("run", "-q");
  return /launch wait (\S+)/.exec(stdout)?.[1] ?? "";
}

test("logs -f of a run that waits goes on until it has ended, on whatever machine", async () => {
  const runId = await enqueued();
  const logs = launch("logs", "-f", runId);
  const elsewhere = commandLine({
    directory: folder.path,
    stateHome: folder.folder("elsewhere"),
    environment: { LAUNCH_STORE: `git+file://${join(folder.path, "state/store.git")}` },
  });
  const remote = elsewhere("logs", "-f", runId);
  await launch("agent", "--drain");
  expect((await logs).stdout).toBe("first\nlast\n");
  expect((await remote).stdout).toBe("first\nlast\n");
});
