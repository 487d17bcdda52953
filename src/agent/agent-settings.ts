import { hostname } from "node:os";
import { formatDuration, parseDuration } from "../core/duration.ts";
import { LaunchError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { longestTtlMs } from "../run/beat.ts";
import { slugOf } from "../run/run-id.ts";
import { defaultQueue, queueNamePattern } from "../queues/definition.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import { type AgentRequest, type AskedAgent, defaultLease, type LeaseTimes, type SlotAmount } from "./request.ts";

/** What can be said of an agent by flags and, meaning the same, by the inputs of the action. They stand above the launch config. */
export type AgentSettings = {
  /** Each may be several with commas. */
  readonly queues?: readonly string[] | undefined;
  readonly maxJobs?: string | undefined;
  readonly agent?: string | undefined;
  /** `gpu=auto`, `licence=2` each. */
  readonly slots?: readonly string[] | undefined;
  readonly drain?: boolean | undefined;
  readonly idleTimeout?: string | undefined;
  readonly timeLimit?: string | undefined;
  readonly onCancel?: string | undefined;
};

export type AgentPlace = {
  /** What a setting is called where it was given: `--max-jobs`, `input max-jobs`. */
  readonly nameOf: (setting: keyof AgentSettings) => string;
  readonly config: LaunchConfig;
  readonly onSignal: AgentRequest["onSignal"];
  readonly job: JsonObject | undefined;
};

/** The agent that is asked for. Throws `bad-usage` for a setting that can't be read, `bad-config` for lease times that don't fit. */
export function agentRequestOf(settings: AgentSettings, place: AgentPlace): AskedAgent {
  const { config, nameOf, onSignal, job } = place;
  return {
    agent: agentIdOf(settings.agent, nameOf("agent")),
    queues: queuesOf(settings.queues, config, nameOf("queues")),
    maxJobs: maxJobsOf(settings.maxJobs, config, nameOf("maxJobs")),
    slots: { ...config.slots, ...slotsOf(settings.slots ?? [], nameOf("slots")) },
    lease: leaseOf(config),
    drain: settings.drain === true,
    idleTimeoutMs: durationOf(settings.idleTimeout, nameOf("idleTimeout")),
    timeLimitMs: durationOf(settings.timeLimit, nameOf("timeLimit")),
    onSignal,
    endedRuns: endedRunsOf(settings.onCancel, nameOf("onCancel")),
    job,
  };
}

/** Agents of one machine are told apart by what is random. */
function agentIdOf(given: string | undefined, name: string): string {
  if (given === undefined) {
    const random = crypto.randomUUID().slice(0, 4);
    return `${slugOf(hostname()).slice(0, 40).replace(/-+$/, "") || "agent"}-${random}`;
  }
  if (queueNamePattern.test(given)) return given;
  throw new LaunchError("bad-usage", `${name} "${given}": an agent's id has a-z, 0-9 and "-", at most 64 characters`);
}

function queuesOf(given: readonly string[] | undefined, config: LaunchConfig, name: string): readonly string[] {
  const named = (given ?? []).flatMap((text) => text.split(",")).map((text) => text.trim());
  const queues = [...new Set(named.filter((text) => text !== ""))];
  const wrong = queues.find((queue) => !queueNamePattern.test(queue));
  if (wrong !== undefined) {
    throw new LaunchError(
      "bad-usage",
      `${name} "${wrong}": a queue's name has a-z, 0-9 and "-", at most 64 characters`,
    );
  }
  return queues.length > 0 ? queues : (config.queues ?? [defaultQueue]);
}

function maxJobsOf(given: string | undefined, config: LaunchConfig, name: string): number {
  const value = given === undefined ? (config.max_jobs ?? 1) : /^-?\d+$/.test(given) ? Number(given) : 0;
  if (value === -1) return Number.POSITIVE_INFINITY;
  if (value >= 1) return value;
  throw new LaunchError("bad-usage", `${name} "${given ?? ""}": give a whole number from 1, or -1 for no limit`);
}

function slotsOf(texts: readonly string[], name: string): Readonly<Record<string, SlotAmount>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, slot, amount] = /^([a-z][a-z0-9_-]*)=(auto|\d+)$/.exec(text) ?? [];
      if (slot === undefined) throw new LaunchError("bad-usage", `${name} "${text}": give NAME=NUMBER, or gpu=auto`);
      return [slot, amount === "auto" ? ("auto" as const) : Number(amount)];
    }),
  );
}

/** Below this a busy machine is as silent as one that is gone; above the longest, nobody comes for what is left. */
const leastTtlMs = 5_000;

function leaseOf({ lease }: LaunchConfig): LeaseTimes {
  const ttlMs = lease.ttl ?? Math.max(defaultLease.ttlMs, 3 * (lease.heartbeat ?? 0));
  const heartbeatMs = lease.heartbeat ?? Math.min(defaultLease.heartbeatMs, ttlMs / 3);
  if (ttlMs < leastTtlMs || ttlMs > longestTtlMs) {
    const bounds = `from ${formatDuration(leastTtlMs)} to ${formatDuration(longestTtlMs)}`;
    throw new LaunchError("bad-config", `lease.ttl is ${formatDuration(ttlMs)}: give one ${bounds}`);
  }
  if (heartbeatMs <= ttlMs / 2) return { ttlMs, heartbeatMs };
  throw new LaunchError(
    "bad-config",
    `lease.heartbeat is ${formatDuration(heartbeatMs)} and lease.ttl ${formatDuration(ttlMs)}: one late beat must not end a lease, so give a heartbeat of at most half the ttl`,
  );
}

function durationOf(given: string | undefined, name: string): number | undefined {
  if (given === undefined) return undefined;
  const ms = parseDuration(given);
  if (ms !== undefined && ms > 0) return ms;
  throw new LaunchError("bad-usage", `${name} "${given}" is no duration; give 90s, 15min or 2h`);
}

function endedRunsOf(given: string | undefined, name: string): AgentRequest["endedRuns"] {
  if (given === undefined || given === "requeue") return "requeue";
  if (given === "cancel") return "cancel";
  throw new LaunchError("bad-usage", `${name} "${given}": give requeue or cancel`);
}
