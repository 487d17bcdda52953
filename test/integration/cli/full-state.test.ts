import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isSoak } from "../../support/chaos/heavy.ts";
import { makeSmallDisk, missingSmallDisk, type SmallDisk } from "../../support/chaos/small-disk.ts";
import { commandLine, type Ended } from "../../support/cli/command-line.ts";
import { compileCache } from "../../support/cli/compile-cache.ts";
import { copyState } from "../../support/cli/damaged-state.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/git/git-repository.ts";

/* A disk that takes nothing more, with the state folder on it: words and an exit code, and no run is taken that can't be written down. */

const missing = missingSmallDisk();
if (missing !== undefined) process.stderr.write(`skipped "a state folder on a full disk": ${missing}\n`);

/** With the exit codes that it may have. */
const commands: readonly (readonly [argv: readonly string[], codes: readonly number[]])[] = [
  [["run"], [3]],
  [["run", "-q", "default", "launch.yaml"], [3]],
  [["list"], [0]],
  [["show", "first"], [0]],
  [["logs", "first"], [0]],
  [
    ["prune", "--keep", "0", "--older-than", "0s"],
    [0, 3],
  ],
  [["agent", "--drain"], [3]],
  [
    ["doctor", "launch.yaml"],
    [0, 3],
  ],
  [["queue", "list"], [0]],
  [
    ["queue", "create", "narrow", "--resource", "local-process"],
    [0, 3],
  ],
  [["cancel", "second"], [3]],
  [
    ["requeue", "first"],
    [2, 3],
  ],
  [["trust"], [3]],
  [["init"], [2]],
  [["store", "migrate", "git+file://@state/store.git", "git+file://@state/other.git"], [3]],
];
const states = ["full", "read-only"] as const;
const cases = commands.flatMap(([argv, codes], index) =>
  states
    .filter((_, nth) => isSoak || argv[0] === "agent" || index % states.length === nth)
    .map((state) => [argv.join(" "), state, argv, codes] as const),
);

describe.skipIf(missing !== undefined)("a state folder on a disk that takes nothing more", () => {
  let folder: TemporaryFolder;
  let directory: string;
  let disk: SmallDisk;
  const at = (state: string, argv: readonly string[]): Promise<Ended> =>
    commandLine({ directory, stateHome: state, environment: { ...compileCache } })(...argv);
  beforeAll(async () => {
    folder = temporaryFolder();
    const code = folder.repository("code");
    directory = code.directory;
    code.commit("a", {
      "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [sh, train.sh]}\n",
      "train.sh": "echo hi\n",
      "launch-config.yaml": "entity: team\n",
    });
    const spec = readFileSync(join(directory, "launch.yaml"), "utf8");
    for (const argv of [
      ["run", `run_id: first\n${spec}`],
      ["run", "-q", "default", `run_id: second\n${spec}`],
    ]) {
      expect(await at(folder.folder("whole"), argv)).toMatchObject({ exitCode: 0 });
    }
  }, 120_000);
  beforeEach(() => {
    disk = makeSmallDisk(join(folder.path, "disk"), 24);
    copyState(join(folder.path, "whole"), join(disk.folder, "state"));
  });
  afterEach(() => {
    disk.remove();
    rmSync(disk.folder, { recursive: true, force: true });
  });
  afterAll(() => folder.remove());

  it.each(cases)("is told in words: %s on a %s one", { timeout: 120_000 }, async (_, how, argv, codes) => {
    if (how === "full") disk.fill();
    else disk.makeReadOnly();
    const state = join(disk.folder, "state");
    const { exitCode, stdout, stderr } = await at(
      state,
      argv.map((word) => word.replace("@state", state)),
    );
    const said = stdout + stderr;
    expect(codes, said).toContain(exitCode);
    expect(said).not.toMatch(/\bbug\b|^ {4}at /m);
    if (exitCode === 3) expect(said).toContain(disk.folder);
  });

  it("has an agent take nothing at its start, and what waits is another's to take", { timeout: 120_000 }, async () => {
    const state = join(disk.folder, "state");
    disk.fill();
    const { exitCode, stderr } = await at(state, ["agent", "--drain"]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`the state folder ${state} can't be written`);
    expect(stderr).toContain("LAUNCH_STATE_HOME");
    disk.empty();
    expect((await at(state, ["list"])).stdout).toMatch(/second +queued/);
    expect(await at(state, ["agent", "--drain"])).toMatchObject({ exitCode: 0 });
    expect((await at(state, ["list"])).stdout).toMatch(/second +succeeded/);
  });
});
