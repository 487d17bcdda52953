import { formatDuration } from "../core/duration.ts";
import type { Estimate } from "../queues/estimate.ts";
import { oneLine } from "./words.ts";

/** What people are told of a queue. Times are in ms. */
export type QueueReport = {
  readonly queue: string;
  /** Undefined: the spec's own. */
  readonly resource: string | undefined;
  readonly order: "priority" | "fifo";
  readonly paused: boolean;
  readonly agents: readonly AgentReport[];
  readonly running: readonly RunningReport[];
  readonly waiting: readonly WaitingReport[];
  /** Entries that this version can't read. */
  readonly unreadable: number;
  /** How long runs of it last. */
  readonly duration: Estimate | undefined;
};

export type AgentReport = {
  readonly agent: string;
  readonly state: "working" | "draining" | "stopping";
  readonly maxJobs: number;
  readonly jobs: number;
  /** By its own clock. */
  readonly lastBeatMs: number;
  /** It has said nothing for longer than its lease lasts. */
  readonly silent: boolean;
};

export type RunningReport = {
  readonly runId: string;
  readonly by: string;
  readonly agent: string;
  readonly forMs: number;
  readonly cancelRequested: boolean;
};

export type WaitingReport = {
  readonly position: number;
  readonly runId: string;
  readonly priority: number;
  readonly by: string;
  readonly waitedMs: number;
  readonly startsIn: Estimate | undefined;
  /** What it waits for, in words. */
  readonly waitsFor: string;
};

export const priorityWords = ["critical", "high", "medium", "low"] as const;

/** The first line: `gpu · kubernetes · FIFO in priority · 2 agents (…) · 3 running, 5 waiting · median run 38 min`. */
export function queueLine(report: QueueReport): string {
  const { agents, running, waiting, duration } = report;
  const parts = [
    report.queue,
    report.resource ?? "any resource",
    report.order === "fifo" ? "FIFO" : "FIFO in priority",
    agents.length === 0 ? "no agent" : `${counted(agents.length, "agent")} (${agents.map(agentWords).join(", ")})`,
    `${running.length} running, ${waiting.length} waiting`,
    ...(duration === undefined ? [] : [`median run ${formatDuration(duration.ms)}`]),
    ...(report.paused ? ["paused"] : []),
    ...(report.unreadable === 0 ? [] : [`${report.unreadable} unreadable`]),
  ];
  return parts.map(oneLine).join(" · ");
}

function agentWords({ agent, state, maxJobs, jobs, lastBeatMs, silent }: AgentReport): string {
  const ago = formatDuration(lastBeatMs);
  if (silent) return `${agent} silent for ${ago}`;
  if (state !== "working") return `${agent} ${state}`;
  if (maxJobs !== -1 && jobs >= maxJobs) return `${agent} busy ${jobs}/${maxJobs}`;
  return jobs === 0 ? `${agent} polling ${ago} ago` : `${agent} ${jobs}/${maxJobs === -1 ? "∞" : maxJobs}`;
}

/** The waiting runs as rows, with a head. */
export function waitingRows(waiting: readonly WaitingReport[]): readonly (readonly string[])[] {
  if (waiting.length === 0) return [];
  return [
    ["#", "run", "priority", "by", "waits", "starts in", "for"],
    ...waiting.map((row) => [
      String(row.position),
      row.runId,
      priorityWords[row.priority] ?? String(row.priority),
      row.by,
      formatDuration(row.waitedMs),
      row.startsIn === undefined ? "" : estimateWords(row.startsIn),
      row.waitsFor,
    ]),
  ];
}

export function runningRows(running: readonly RunningReport[]): readonly (readonly string[])[] {
  if (running.length === 0) return [];
  return [
    ["running", "by", "agent", "for", ""],
    ...running.map(({ runId, by, agent, forMs, cancelRequested }) => [
      runId,
      by,
      agent,
      formatDuration(forMs),
      cancelRequested ? "to be cancelled" : "",
    ]),
  ];
}

/** `~14 min`, with its spread where that says something: `~14 min (9 min to 30 min)`. */
export function estimateWords({ ms, lowMs, highMs }: Estimate): string {
  if (ms < 1_000 && highMs < 1_000) return "now";
  const [middle, low, high] = [ms, lowMs, highMs].map(formatDuration);
  return low === high ? `~${middle ?? ""}` : `~${middle ?? ""} (${low ?? ""} to ${high ?? ""})`;
}

/** When nobody serves the queue: what to do. Undefined when somebody does. */
export function nobodyWords({ queue, agents }: QueueReport): string | undefined {
  if (agents.some(({ silent }) => !silent)) return undefined;
  const last = agents.length === 0 ? undefined : Math.min(...agents.map(({ lastBeatMs }) => lastBeatMs));
  const since =
    last === undefined ? "No agent polls this queue." : `No agent has polled this queue for ${formatDuration(last)}.`;
  return `${since} Start one: launch agent -q ${queue}, or run the workflow of your agents.`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
