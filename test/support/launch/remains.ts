import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** Processes that carry this run's id in their environment or their command line. */
function processesOf(runId: string): readonly string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const commandLine = readIfThere(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
    const ofRun = readIfThere(`/proc/${pid}/environ`).split("\0").includes(`LAUNCH_RUN_ID=${runId}`);
    return ofRun || commandLine.includes(runId) ? [`process ${pid}: ${commandLine}`] : [];
  });
}

function containersOf(runId: string): readonly string[] {
  if (process.env["DOCKER_HOST"] === undefined) return [];
  const all = execFileSync("docker", ["ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.Labels}}"]);
  return all
    .toString()
    .split("\n")
    .filter((line) => line.includes(runId))
    .map((line) => `container ${line}`);
}

/** What is still there of a run: its processes, its containers, and anything in these folders, which were empty before it. */
export function remainsOf(runId: string, folders: readonly string[]): readonly string[] {
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => `file ${folder}/${name}`));
  return [...processesOf(runId), ...containersOf(runId), ...files];
}
