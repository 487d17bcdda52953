import { emptyDefinition, type QueueDefinition } from "../queues/definition.ts";
import { durationOf, startEstimate } from "../queues/estimate.ts";
import type { AgentReport, QueueReport, RunningReport } from "../reporting/queue-report.ts";
import type { AgentBeat } from "../run/beat.ts";
import type { QueueEntry, QueueSnapshot } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import { slotsNow } from "./agent-slots.ts";
import { rankQueue } from "./ranked-queue.ts";
import { idOfUnread } from "./unread-runs.ts";
import { placesOf, waitingReports } from "./waits-for.ts";

export type QueueViewRequest = {
  readonly queue: string;
  /** Undefined for a queue that was deleted while runs were in it. */
  readonly definition: QueueDefinition | undefined;
  readonly snapshot: QueueSnapshot;
  /** Ended runs of the queue, newest first: how long those that wait may last. */
  readonly history: readonly RunHead[];
  /** ms since the epoch. */
  readonly now: number;
};

const shownUnreadable = 20;

/** A snapshot of a queue as a report. Pure. */
export function queueReport({ queue, definition: defined, snapshot, history, now }: QueueViewRequest): QueueReport {
  const definition = defined ?? emptyDefinition();
  const entries = snapshot.entries.filter((entry) => entry.queue === queue);
  const waiting = entries.filter(({ place }) => place === "waiting");
  const leased = entries.filter(({ place }) => place === "leased");
  const unreadable = snapshot.unreadable.filter((entry) => entry.queue === queue);
  const running = leased.map((entry) => runningReport(entry, now));
  const beats = snapshot.agents.map(({ beat }) => beat).filter(({ queues }) => queues.includes(queue));
  const agents = beats.map((beat) => agentReport(beat, leased, now));
  const serving = agents.filter(({ silent, state }) => !silent && state === "working");
  const paused = snapshot.paused.includes(queue);
  const ranked = rankQueue({ name: queue, definition }, snapshot, { agent: undefined, now });
  const duration = durationOf(history.flatMap(lastingOf));
  const places = serving.reduce((sum, agent) => sum + placesOf(agent, waiting.length), 0);
  const runningForMs = running.map(({ forMs }) => forMs);
  const estimate = (ahead: number) => startEstimate({ ahead, runningForMs, places, duration });
  return {
    queue,
    resource: definition.resource,
    order: definition.order,
    paused,
    deleted: defined === undefined,
    agents,
    running,
    waiting: waitingReports({ deleted: defined === undefined, ranked, agents: serving, estimate, now }),
    unreadable: unreadable.length,
    unreadableRuns: unreadable
      .slice(0, shownUnreadable)
      .map((entry) => ({ run: idOfUnread(entry), why: entry.why, place: entry.place })),
    duration,
    lastRunMs: lastRunMs(history, now),
  };
}

function runningReport({ run, cancelRequested }: QueueEntry, now: number): RunningReport {
  return {
    runId: run.run_id,
    by: run.by,
    agent: run.lease?.agent ?? "",
    forMs: Math.max(0, now - Date.parse(run.lease?.since ?? run.updated_at)),
    cancelRequested,
  };
}

function lastingOf({ started_at: start, finished_at: end }: RunHead): readonly number[] {
  if (start === undefined || end === undefined) return [];
  const ms = Date.parse(end) - Date.parse(start);
  return ms >= 0 && ms <= longestRunMs ? [ms] : [];
}

/** Nobody's run lasts longer: what says so would only spoil the others' estimates. */
const longestRunMs = 366 * 24 * 3_600_000;

/** By another machine's clock; what is of a later time than clocks are apart says nothing. */
const clocksApartMs = 24 * 3_600_000;

/** Since the end of the last run that an agent had; a run that was cancelled while it waited says nothing of agents. */
function lastRunMs(history: readonly RunHead[], now: number): number | undefined {
  const ends = history
    .flatMap(({ started_at: start, finished_at: end }) =>
      start === undefined || end === undefined ? [] : [now - Date.parse(end)],
    )
    .filter((ms) => ms >= -clocksApartMs);
  return ends.length === 0 ? undefined : Math.max(0, Math.min(...ends));
}

/** A beat is as old as its agent's heartbeat; what was leased to it since is in the queue. */
function agentReport(beat: AgentBeat, entries: readonly QueueEntry[], now: number): AgentReport {
  const sinceMs = now - Date.parse(beat.at);
  // A beat of the future says nothing of the present.
  const isOdd = sinceMs < -clocksApartMs;
  const lastBeatMs = Math.max(0, sinceMs);
  const leased = entries.filter(({ run }) => run.lease?.agent === beat.agent);
  const isAll = beat.queues.length === 1;
  const jobs = isAll ? leased.length : new Set([...beat.runs, ...leased.map(({ run }) => run.run_id)]).size;
  return {
    agent: beat.agent,
    state: beat.state,
    maxJobs: beat.max_jobs,
    jobs,
    slots: slotsNow({ beat, leased, isAll }),
    lastBeatMs,
    silent: isOdd || lastBeatMs > beat.lease.ttl_ms,
  };
}
