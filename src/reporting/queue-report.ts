import { oneLine } from "../core/output/terminal-text.ts";
import { formatCommandLine } from "../core/command-line.ts";
import { counted } from "../core/counted.ts";
import { formatAge, formatDuration } from "../core/duration.ts";
import type { Estimate } from "../queues/estimate.ts";

/** What people are told of a queue. Times are in ms. */
export type QueueReport = {
  readonly queue: string;
  /** Undefined: the spec's own. */
  readonly resource: string | undefined;
  readonly order: "priority" | "fifo";
  readonly paused: boolean;
  /** It has runs, and no definition any more. */
  readonly deleted: boolean;
  readonly agents: readonly AgentReport[];
  readonly running: readonly RunningReport[];
  readonly waiting: readonly WaitingReport[];
  /** Entries that this version can't read. */
  readonly unreadable: number;
  /** What is wrong with each of them; the first of very many. */
  readonly unreadableRuns: readonly UnreadableReport[];
  /** How long runs of it last. */
  readonly duration: Estimate | undefined;
  /** Since when an ended run of it was the last that an agent had. */
  readonly lastRunMs: number | undefined;
};

export type UnreadableReport = {
  readonly run: string;
  readonly why: string;
  /** Where it is; undefined for what no launch of this version put there. */
  readonly place: "waiting" | "leased" | "ended" | undefined;
};

export type AgentReport = {
  readonly agent: string;
  readonly state: "working" | "draining" | "stopping";
  readonly maxJobs: number;
  readonly jobs: number;
  readonly slots: Readonly<Record<string, { readonly total: number; readonly free: number }>>;
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
  readonly cause: WaitCause;
  /** What it waits for, in words. */
  readonly waitsFor: string;
};

/** What kind of thing a run waits for. It changes less often than its words do. */
export type WaitCause = "deleted" | "paused" | "retry" | "limit" | "slots" | "agent" | "poll" | "place" | "behind";

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
    ...(report.deleted ? ["deleted: nobody takes what waits"] : []),
    ...(report.unreadable === 0 ? [] : [`${report.unreadable} unreadable`]),
  ];
  return parts.map(oneLine).join(" · ");
}

function agentWords({ agent, state, maxJobs, jobs, lastBeatMs, silent }: AgentReport): string {
  const ago = formatAge(lastBeatMs);
  const share = `${jobs}/${maxJobs === -1 ? "∞" : maxJobs}`;
  if (silent) return `${agent} silent for ${ago}`;
  if (state !== "working") return `${agent} ${state}${jobs === 0 ? "" : ` ${share}`}`;
  if (maxJobs !== -1 && jobs >= maxJobs) return `${agent} busy ${share}`;
  return jobs === 0 ? `${agent} polling, seen ${ago} ago` : `${agent} at work ${share}`;
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
      formatAge(row.waitedMs),
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
      formatAge(forMs),
      cancelRequested ? "to be cancelled" : "",
    ]),
  ];
}

/** The entries that can't be read, a line each. */
export function unreadableLines({ unreadable, unreadableRuns }: QueueReport): readonly string[] {
  const more = unreadable - unreadableRuns.length;
  return [
    ...unreadableRuns.map(({ run, why, place }) =>
      oneLine(`${run}${place === undefined ? "" : ` (${place})`} can't be read: ${why}`),
    ),
    ...(more > 0 ? [`and ${more} more that can't be read`] : []),
  ];
}

/** `~14 min`, with its spread where that says something: `~14 min (9 min to 30 min)`. */
export function estimateWords(estimate: Estimate): string {
  const words = spreadWords(estimate);
  return words === "now" ? words : `~${words}`;
}

function spreadWords({ ms, lowMs, highMs }: Estimate): string {
  if (ms < 1_000 && highMs < 1_000) return "now";
  const [middle = "", low = "", high = ""] = [ms, lowMs, highMs].map(formatAge);
  return low === high ? middle : `${middle} (${low} to ${high})`;
}

/** `waiting in gpu: 2nd, about 14 min, for a place: a2 is at max_jobs 4`. */
export function waitingWords(queue: string, { position, startsIn, cause, waitsFor }: WaitingReport): string {
  const about = startsIn === undefined ? "" : `, ${startWords(startsIn)}`;
  // These two are no things to wait for.
  const isClause = cause === "paused" || cause === "behind";
  return oneLine(
    `waiting in ${queue}: ${ordinal(position)}${about}${isClause ? `; ${waitsFor}` : `, for ${waitsFor}`}`,
  );
}

function startWords(estimate: Estimate): string {
  const words = spreadWords(estimate);
  return words === "now" ? "about to start" : `about ${words}`;
}

export function ordinal(count: number): string {
  const teen = count % 100 >= 11 && count % 100 <= 13;
  return `${count}${(teen ? undefined : ["th", "st", "nd", "rd"][count % 10]) ?? "th"}`;
}

/** When nobody serves the queue: what to do. Undefined when somebody does, or nobody could. `flags` are those that name the store. */
export function nobodyWords(
  { queue, agents, lastRunMs, deleted }: QueueReport,
  flags: readonly string[],
): string | undefined {
  if (deleted || agents.some(({ silent }) => !silent)) return undefined;
  const start = formatCommandLine(["launch", "agent", "-q", queue, ...flags]);
  return `${sinceWords(agents, lastRunMs)} Start one: ${start}, or run the workflow of your agents.`;
}

/** An agent that has left in order has taken its sign of life away: then its last run tells when one was there. */
function sinceWords(agents: readonly AgentReport[], lastRunMs: number | undefined): string {
  if (agents.length > 0) {
    return `No agent has polled this queue for ${formatAge(Math.min(...agents.map(({ lastBeatMs }) => lastBeatMs)))}.`;
  }
  const last = lastRunMs === undefined ? "" : `; the last run of it ended ${formatAge(lastRunMs)} ago`;
  return `No agent polls this queue${last}.`;
}
