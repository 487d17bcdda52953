import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CommandLine, commandLine } from "../../support/command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git-repository.ts";

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

test("prune takes old logs and environments from this machine, and leaves what is newer", async () => {
  const old = new Date(Date.now() - 40 * 24 * 3_600_000);
  for (const path of ["state/runs/train-old", "state/cache/python/env-old", "state/runs/train-new"]) {
    const place = join(folder.path, path);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "log.txt"), "  a\n");
    if (path.endsWith("old")) utimesSync(place, old, old);
  }
  const dry = await launch("prune", "--dry-run");
  expect(dry.stdout).toContain("would remove the log and outputs of train-old");
  const { stdout } = await launch("prune");
  expect(stdout).toContain("removed the log and outputs of train-old");
  expect(stdout).toContain("removed the Python environment env-old");
  expect(stdout).not.toContain("train-new");
  expect((await launch("prune")).stdout).not.toContain("train-old");
});
