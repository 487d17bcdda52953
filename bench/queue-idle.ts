import { execFileSync, spawn } from "node:child_process";
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Bar, type Row, toRow } from "./measure.ts";
import { inWorkspace } from "./program.ts";
import { startAgent } from "./queue-agent.ts";
import { inGitPlace } from "./queue-place.ts";

const idle = "an idle agent, git over HTTP:";

export const idleBars: readonly [Bar, Bar, Bar] = [
  {
    measure: `${idle} requests a minute, by the server's account (floor: the bar)`,
    unit: "count",
    of: "value",
    is: "at most",
    bar: 20,
  },
  { measure: `${idle} CPU, with its children (floor: the bar)`, unit: "%", of: "value", is: "at most", bar: 1 },
  {
    measure: `${idle} resident memory, with its children (floor: a node that waits)`,
    unit: "MB",
    of: "value",
    is: "at most",
    bar: 90,
  },
];

const settlingMs = 10_000;
const watchedMs = 30_000;

/** What an agent costs that finds nothing to do. */
export function idleAgent(): Promise<readonly Row[]> {
  return inGitPlace((place) =>
    inWorkspace(async (workspace) => {
      const state = join(workspace.folder, "agent");
      mkdirSync(state);
      const agent = await startAgent({ workspace, state, store: `git+${place.url}` });
      try {
        await delay(settlingMs);
        const [requests, ticks] = [place.requests().length, ticksOf(agent.pid)];
        const memory: number[] = [];
        for (const end = performance.now() + watchedMs; performance.now() < end;) {
          memory.push(memoryOf(agent.pid));
          await delay(250);
        }
        const polls = ((place.requests().length - requests) * 60_000) / watchedMs;
        const cpu = ((ticksOf(agent.pid) - ticks) * 1_000 * 100) / ticksPerSecond() / watchedMs;
        const [pollBar, cpuBar, memoryBar] = idleBars;
        return [
          toRow(pollBar, [{ value: polls, floor: pollBar.bar }]),
          toRow(cpuBar, [{ value: cpu, floor: cpuBar.bar }]),
          toRow(memoryBar, [{ value: Math.max(...memory), floor: await memoryOfNode() }]),
        ];
      } finally {
        await agent.stop();
      }
    }),
  );
}

async function memoryOfNode(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], { stdio: "ignore" });
  try {
    await delay(1_000);
    return memoryOf(child.pid ?? 0);
  } finally {
    child.kill("SIGKILL");
  }
}

/** User and system time of a process and of the children that it waited for, in ticks (proc_pid_stat(5): fields 14 to 17). */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

function ticksPerSecond(): number {
  return Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
}

/** Resident memory of a process and all below it, in MB: what several of them share is counted for each. */
function memoryOf(pid: number): number {
  let kilobytes = 0;
  for (const each of [pid, ...descendantsOf(pid)]) {
    kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readOrEmpty(`/proc/${each}/status`))?.[1] ?? 0);
  }
  return kilobytes / 1024;
}

function descendantsOf(pid: number): readonly number[] {
  const children = globSync(`/proc/${pid}/task/*/children`).flatMap((file) => readOrEmpty(file).trim().split(" "));
  return children.filter(Boolean).flatMap((child) => [Number(child), ...descendantsOf(Number(child))]);
}

/** A process that has ended meanwhile has no memory. */
function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
