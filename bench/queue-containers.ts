import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { smallImage } from "./engine.ts";
import { type Bar, type Round, type Row, toRow } from "./measure.ts";
import { inWorkspace, type Workspace } from "./program.ts";
import { benchProject, enqueueImage, startAgent } from "./queue-agent.ts";
import { inGitPlace } from "./queue-place.ts";
import { finish } from "./subprocess.ts";

const runs = 50;
const projectLabel = `launch.project=${benchProject}`;

export const oneByOneBars: readonly [Bar] = [
  {
    measure: `${runs} trivial container runs on the embedded store, max_jobs 1, over a shell loop of \`docker run\``,
    unit: "s",
    of: "ratio",
    is: "at most",
    bar: 1.6,
  },
];

export const fourAtOnceBars: readonly [Bar] = [
  {
    measure: `${runs} trivial container runs on the embedded store, max_jobs 4, over \`docker run\` four at once`,
    unit: "s",
    of: "ratio",
    is: "at most",
    bar: 1.6,
  },
];

export const oneByOne = (): Promise<readonly Row[]> => drained(1, oneByOneBars[0]);
export const fourAtOnce = (): Promise<readonly Row[]> => drained(4, fourAtOnceBars[0]);

/** Half of the floor before and half of it after, so that a machine that grows busy meanwhile slows both. */
function drained(jobs: number, bar: Bar): Promise<readonly Row[]> {
  return inWorkspace(async (workspace) => {
    const before = await shellLoop(workspace, jobs, runs / 2);
    const value = await agentDrains(workspace, jobs);
    const after = await shellLoop(workspace, jobs, runs / 2);
    return [toRow(bar, [{ value, floor: before + after }])];
  });
}

/** From the agent's start to its end, its queue being full before. */
async function agentDrains(workspace: Workspace, jobs: number): Promise<number> {
  const state = join(workspace.folder, "state");
  await enqueueImage({ workspace, state, image: smallImage, command: ["true"], runs });
  const begun = performance.now();
  const agent = await startAgent({ workspace, state, flags: ["--drain", "--max-jobs", String(jobs)] });
  await agent.ended;
  return (performance.now() - begun) / 1000;
}

async function shellLoop({ env }: Workspace, jobs: number, count: number): Promise<number> {
  const script = `seq "$1" | xargs -P "$2" -I{} docker run --rm --label "$4" "$3" true`;
  const args = ["-c", script, "sh", String(count), String(jobs), smallImage, projectLabel];
  return (await finish({ command: "sh", args, env })).seconds;
}

export const slotBars: readonly [Bar, Bar] = [
  {
    measure: "a slot's idle time between two waiting container runs, embedded store (floor: a shell loop's)",
    unit: "s",
    of: "value",
    is: "at most",
    bar: 0.2,
  },
  {
    measure: "a slot's idle time between two waiting container runs, HTTP with round trips of 100 ms",
    unit: "s",
    of: "value",
    is: "at most",
    bar: 1,
  },
];

const slotRuns = 12;

/** From the moment when the engine says that a run's container has ended until it is asked for the next one's. */
export function slotIdle(): Promise<readonly Row[]> {
  return inGitPlace((place) =>
    inWorkspace(async (workspace) => {
      const floors = await gapsOf(() => shellLoop(workspace, 1, slotRuns));
      const here = await gapsOf(() => drain(workspace, "here", undefined));
      const far = await gapsOf(() => drain(workspace, "far", `git+${place.slowUrl}`));
      const rounds = (gaps: readonly number[]): readonly Round[] =>
        gaps.map((value, index) => ({ value, floor: floors[index % floors.length] ?? Number.NaN }));
      return [toRow(slotBars[0], rounds(here)), toRow(slotBars[1], rounds(far))];
    }),
  );
}

async function drain(workspace: Workspace, name: string, store: string | undefined): Promise<void> {
  const state = join(workspace.folder, name);
  mkdirSync(state);
  await enqueueImage({ workspace, state, store, image: smallImage, command: ["true"], runs: slotRuns });
  const agent = await startAgent({ workspace, state, store, flags: ["--drain"] });
  await agent.ended;
}

/** By the engine's own account of our containers. */
async function gapsOf(work: () => Promise<unknown>): Promise<readonly number[]> {
  const begun = engineTime();
  await work();
  const until = engineTime();
  const format = "{{.TimeNano}} {{.Action}}";
  const filters = ["--filter", "type=container", "--filter", `label=${projectLabel}`];
  const child = spawn("docker", ["events", "--since", begun, "--until", until, "--format", format, ...filters], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await once(child, "close");
  const gaps: number[] = [];
  let ended: number | undefined;
  for (const line of text.split("\n")) {
    const [nanoseconds = "", action] = line.split(" ");
    if (action === "die") ended = Number(nanoseconds);
    if (action !== "create" || ended === undefined) continue;
    gaps.push((Number(nanoseconds) - ended) / 1e9);
    ended = undefined;
  }
  if (gaps.length === 0) throw new Error(`the engine told of no containers:\n${text}`);
  return gaps;
}

function engineTime(): string {
  return execFileSync("docker", ["info", "--format", "{{.SystemTime}}"], { encoding: "utf8" }).trim();
}
