import { formatDuration } from "../core/duration.ts";
import type { QueueDefinition } from "../queues/definition.ts";
import { durationOf, startEstimate } from "../queues/estimate.ts";
import { rank, type Ranked, type WaitingRun, type WaitsFor } from "../queues/order.ts";
import { type AgentReport, counted, type QueueReport, type WaitingReport } from "../reporting/queue-report.ts";
import type { AgentBeat, QueueEntry, QueueSnapshot, QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../stores/store.ts";
import { definitionOf } from "./queue-definitions.ts";

export type QueueViewRequest = {
  readonly queue: string;
  readonly definition: QueueDefinition;
  readonly snapshot: QueueSnapshot;
  /** Ended runs of the queue: how long those that wait may last. */
  readonly history: readonly RunHead[];
  /** ms since the epoch. */
  readonly now: number;
};

/** So many ended runs say how long a run lasts. */
const durationsFrom = 50;

/** Reads one queue as people see it. */
export async function viewQueue(
  queue: string,
  store: QueueStore,
  now: number,
  signal: AbortSignal,
): Promise<QueueReport> {
  const [definition, snapshot, history] = await Promise.all([
    definitionOf(queue, store, signal),
    store.snapshot([queue], signal),
    store.history(queue, durationsFrom, signal),
  ]);
  return queueReport({ queue, definition, snapshot, history, now });
}

/** A snapshot of a queue as a report. Pure. */
export function queueReport({ queue, definition, snapshot, history, now }: QueueViewRequest): QueueReport {
  const entries = snapshot.entries.filter((entry) => entry.queue === queue);
  const waiting = entries.filter(({ place }) => place === "waiting");
  const running = entries.filter(({ place }) => place === "leased");
  const beats = snapshot.agents.map(({ beat }) => beat).filter(({ queues }) => queues.includes(queue));
  const agents = beats.map((beat) => agentReport(beat, now));
  const serving = beats.filter((_, index) => agents[index]?.silent === false);
  const paused = snapshot.paused.includes(queue);
  const ranked = rank({
    waiting: waiting.map(({ run }) => waitingRun(run)),
    running: running.map(({ run }) => ({ runId: run.run_id, submitter: run.by })),
    order: { mode: definition.order, ageingMs: definition.ageing },
    limits: {
      running: definition.limits.running,
      runningPerSubmitter: definition.limits.running_per_submitter,
    },
    paused,
    now,
    agent: undefined,
  });
  const duration = durationOf(history.flatMap(lastingOf));
  const since = ({ run }: QueueEntry): number => Math.max(0, now - Date.parse(run.lease?.since ?? run.updated_at));
  const places = serving.reduce((sum, beat) => sum + placesOf(beat, waiting.length), 0);
  const runningForMs = running.map(since);
  return {
    queue,
    resource: definition.resource,
    order: definition.order,
    paused,
    agents,
    running: running.map((entry) => ({
      runId: entry.run.run_id,
      by: entry.run.by,
      agent: entry.run.lease?.agent ?? "",
      forMs: since(entry),
      cancelRequested: entry.cancelRequested,
    })),
    waiting: waitingReports(ranked, serving, (ahead) => startEstimate({ ahead, runningForMs, places, duration }), now),
    unreadable: snapshot.unreadable.filter((entry) => entry.queue === queue).length,
    duration,
  };
}

function waitingRun(run: RunHead): WaitingRun {
  const { queued } = run;
  return {
    runId: run.run_id,
    priority: queued?.priority ?? 3,
    enqueuedAt: Date.parse(queued?.enqueued_at ?? run.created_at),
    notBefore: queued?.not_before === undefined ? undefined : Date.parse(queued.not_before),
    slots: queued?.slots ?? {},
    submitter: run.by,
    timeoutMs: queued?.timeout_ms,
  };
}

function lastingOf({ started_at: start, finished_at: end }: RunHead): readonly number[] {
  if (start === undefined || end === undefined) return [];
  const ms = Date.parse(end) - Date.parse(start);
  return ms >= 0 ? [ms] : [];
}

function agentReport(beat: AgentBeat, now: number): AgentReport {
  const lastBeatMs = Math.max(0, now - Date.parse(beat.at));
  return {
    agent: beat.agent,
    state: beat.state,
    maxJobs: beat.max_jobs,
    jobs: beat.runs.length,
    lastBeatMs,
    silent: lastBeatMs > beat.lease.ttl_ms,
  };
}

/** An agent without a limit has a place for each. */
function placesOf({ max_jobs: limit, runs }: AgentBeat, waiting: number): number {
  return limit === -1 ? runs.length + waiting : limit;
}

function waitingReports(
  ranked: readonly Ranked[],
  agents: readonly AgentBeat[],
  estimate: (ahead: number) => WaitingReport["startsIn"],
  now: number,
): readonly WaitingReport[] {
  const free = agents.reduce((sum, beat) => sum + Math.max(0, placesOf(beat, ranked.length) - beat.runs.length), 0);
  let ahead = 0;
  return ranked.map(({ run, position, waitsFor }) => {
    const impossible = waitsFor === undefined ? slotWords(run, agents) : undefined;
    const canStart = waitsFor === undefined && impossible === undefined;
    const before = ahead;
    if (canStart) ahead++;
    return {
      position,
      runId: run.runId,
      priority: run.priority,
      by: run.submitter,
      waitedMs: Math.max(0, now - run.enqueuedAt),
      startsIn: canStart ? estimate(before) : undefined,
      waitsFor:
        waitsFor === undefined ? (impossible ?? placeWords(before, free, agents)) : obstacleWords(waitsFor, now),
    };
  });
}

/** What no agent here will ever have, or none has free now. */
function slotWords({ slots }: WaitingRun, agents: readonly AgentBeat[]): string | undefined {
  if (agents.length === 0) return undefined;
  for (const [slot, wanted] of Object.entries(slots)) {
    const totals = agents.map((beat) => beat.slots[slot]?.total ?? 0);
    const most = Math.max(...totals);
    if (most < wanted) return `${wanted} ${slot}: no agent here has more than ${most}`;
    const unused = Math.max(...agents.map((beat) => beat.slots[slot]?.free ?? 0));
    if (unused < wanted) return `${wanted} ${slot}: ${unused} free of ${most}`;
  }
  return undefined;
}

function placeWords(before: number, free: number, agents: readonly AgentBeat[]): string {
  if (agents.length === 0) return before === 0 ? "an agent" : `behind ${counted(before, "run")}`;
  if (before < free) return "the next poll";
  if (before > free) return `behind ${counted(before - free, "run")}`;
  const full = agents.map(({ agent, max_jobs: limit }) => `${agent} is at max_jobs ${limit}`);
  return `a place: ${full.slice(0, 2).join(", ")}${full.length > 2 ? ` and ${full.length - 2} more` : ""}`;
}

function obstacleWords(waitsFor: WaitsFor, now: number): string {
  switch (waitsFor.kind) {
    case "paused":
      return "the queue is paused";
    case "time":
      return `another try in ${formatDuration(waitsFor.until - now)}`;
    case "limit":
      return waitsFor.limit === "running"
        ? `the queue's limit of ${waitsFor.value} running`
        : `the limit of ${waitsFor.value} running for each submitter`;
    case "slots":
      return `${waitsFor.wanted} ${waitsFor.slot}: ${waitsFor.free} free of ${waitsFor.total}`;
    case "time-left":
      return "an agent with more time left";
    case "agent":
      return "an agent";
  }
}
