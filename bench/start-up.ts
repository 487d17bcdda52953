import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Bar, interleave, type Row, toRow } from "./measure.ts";
import { actionEntry, inWorkspace, launchEntry } from "./program.ts";
import { cpuOf } from "./subprocess.ts";

export const helpBars: readonly [Bar] = [
  { measure: "launch --help: CPU over `node -e 0`", unit: "ms", of: "ratio", is: "at most", bar: 2.2 },
];

export const decisionBars: readonly [Bar] = [
  {
    measure: "the action up to its first decision (bad spec): CPU over `node -e 0`",
    unit: "ms",
    of: "ratio",
    is: "at most",
    bar: 3.5,
  },
];

const floor = (): Promise<number> => cpuOf({ command: process.execPath, args: ["-e", "0"] });
const often = { rounds: 21, warmUp: 3 };

/** The least that each use of the CLI pays. */
export async function help(): Promise<readonly Row[]> {
  const value = (): Promise<number> => cpuOf({ command: process.execPath, args: [launchEntry, "--help"] });
  return [toRow(helpBars[0], await interleave({ ...often, value, floor }))];
}

/** A spec with a fault is read, judged and refused, as the runner starts the action. */
export async function firstDecision(): Promise<readonly Row[]> {
  return inWorkspace(async ({ folder, env }) => {
    writeFileSync(join(folder, "launch.yaml"), "uri: .\nresource: kubernets\n");
    const runnerFiles = ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH"];
    const runner = Object.fromEntries(runnerFiles.map((name) => [name, join(folder, name)]));
    for (const path of Object.values(runner)) writeFileSync(path, "");
    const job = {
      ...{ CI: "true", GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: folder, RUNNER_TEMP: env["TMPDIR"] },
      ...{ GITHUB_REPOSITORY: "octocat/train", GITHUB_SERVER_URL: "https://github.com", GITHUB_RUN_ID: "1" },
      ...{ INPUT_COMMAND: "launch", INPUT_SPEC: "launch.yaml" },
    };
    const value = (): Promise<number> =>
      cpuOf({
        command: process.execPath,
        args: [actionEntry],
        cwd: folder,
        env: { ...env, ...runner, ...job },
        exitCode: 1,
      });
    return [toRow(decisionBars[0], await interleave({ ...often, value, floor }))];
  });
}
