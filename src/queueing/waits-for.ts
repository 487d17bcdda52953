import { formatAge } from "../core/duration.ts";
import type { Ranked, WaitingRun, WaitsFor } from "../queues/order.ts";
import { counted } from "../core/counted.ts";
import type { AgentReport, WaitCause, WaitingReport } from "../reporting/queue-report.ts";

/** What a waiting run waits for: the kind of thing, and the words. */
type Cause = Pick<WaitingReport, "cause" | "waitsFor">;

export type WaitingRequest = {
  /** The queue has no definition any more. */
  readonly deleted: boolean;
  readonly ranked: readonly Ranked[];
  /** Those that are there and take runs. */
  readonly agents: readonly AgentReport[];
  /** When a run may start before which so many others do. */
  readonly estimate: (ahead: number) => WaitingReport["startsIn"];
  readonly now: number;
};

/** Of each waiting run where it stands, what it waits for and when it may start. */
export function waitingReports({ deleted, ranked, agents, estimate, now }: WaitingRequest): readonly WaitingReport[] {
  const free = agents.reduce((sum, agent) => sum + Math.max(0, placesOf(agent, ranked.length) - agent.jobs), 0);
  let ahead = 0;
  return ranked.map(({ run, position, waitsFor }) => {
    const own = waitsFor === undefined ? slotCause(run, agents) : obstacleCause(waitsFor, now);
    const obstacle = deleted ? gone : own;
    const before = ahead;
    if (obstacle === undefined) ahead++;
    return {
      position,
      runId: run.runId,
      priority: run.priority,
      by: run.submitter,
      waitedMs: Math.max(0, now - run.enqueuedAt),
      startsIn: obstacle === undefined ? estimate(before) : undefined,
      ...(obstacle ?? placeCause(before, free, agents)),
    };
  });
}

const gone: Cause = { cause: "deleted", waitsFor: "its queue, which was deleted" };

/** An agent without a limit has a place for each. */
export function placesOf({ maxJobs, jobs }: AgentReport, waiting: number): number {
  return maxJobs === -1 ? jobs + waiting : maxJobs;
}

function slotOf({ slots }: AgentReport, name: string): AgentReport["slots"][string] | undefined {
  return Object.hasOwn(slots, name) ? slots[name] : undefined;
}

/** What no agent here will ever have, or none has free now. */
function slotCause({ slots }: WaitingRun, agents: readonly AgentReport[]): Cause | undefined {
  if (agents.length === 0) return undefined;
  for (const [slot, wanted] of Object.entries(slots)) {
    const most = Math.max(...agents.map((agent) => slotOf(agent, slot)?.total ?? 0));
    const unused = Math.max(...agents.map((agent) => slotOf(agent, slot)?.free ?? 0));
    if (most < wanted) return { cause: "slots", waitsFor: `${wanted} ${slot}: no agent here has more than ${most}` };
    if (unused < wanted) return { cause: "slots", waitsFor: `${wanted} ${slot}: ${unused} free of ${most}` };
  }
  return undefined;
}

function placeCause(before: number, free: number, agents: readonly AgentReport[]): Cause {
  if (before > free || (agents.length === 0 && before > 0)) {
    return { cause: "behind", waitsFor: `behind ${counted(before - free, "run")}` };
  }
  if (agents.length === 0) return { cause: "agent", waitsFor: "an agent: none polls this queue" };
  if (before < free) return { cause: "poll", waitsFor: "the next poll" };
  const full = agents.map(({ agent, maxJobs }) => `${agent} is at max_jobs ${maxJobs}`);
  const more = full.length > 2 ? ` and ${full.length - 2} more` : "";
  return { cause: "place", waitsFor: `a place: ${full.slice(0, 2).join(", ")}${more}` };
}

function obstacleCause(waitsFor: WaitsFor, now: number): Cause {
  const [cause, words] = obstacleWords(waitsFor, now);
  return { cause, waitsFor: words };
}

function obstacleWords(waitsFor: WaitsFor, now: number): readonly [WaitCause, string] {
  switch (waitsFor.kind) {
    case "paused":
      return ["paused", "the queue is paused"];
    case "time":
      return ["retry", `another try in ${formatAge(waitsFor.until - now)}`];
    case "limit":
      return waitsFor.limit === "running"
        ? ["limit", `the queue's limit of ${waitsFor.value} running`]
        : ["limit", `the limit of ${waitsFor.value} running for each submitter`];
    case "slots":
      return ["slots", `${waitsFor.wanted} ${waitsFor.slot}: ${waitsFor.free} free of ${waitsFor.total}`];
    case "time-left":
      return ["agent", "an agent with more time left"];
    case "agent":
      return ["agent", "an agent"];
  }
}
