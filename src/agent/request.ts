import type { JobLiveness } from "../run/job-liveness.ts";
import type { JsonObject } from "../core/json.ts";
import type { AttemptResult } from "../run/end-of-attempt.ts";
import type { Services } from "../launch/services.ts";
import type { Document } from "../spec/resolve/resolution.ts";
import type { WholeStore } from "../stores/whole-store.ts";

/** What there is of a slot: a number, a list of devices by name, or as many as the machine has (of GPUs only). */
export type SlotAmount = number | "auto" | readonly string[];

export type AgentRequest = {
  /** Its id: lower-case letters, digits and dashes. Two agents of one id can't be at work at the same time. */
  readonly agent: string;
  /** Runs at the same time; Infinity for no limit. */
  readonly maxJobs: number;
  readonly slots: Readonly<Record<string, SlotAmount>>;
  readonly lease: LeaseTimes;
  /** Ends when the queues are empty and no lease of an agent that may be gone is left to wait for. */
  readonly drain: boolean;
  /** Ends when it had nothing to do for so long. */
  readonly idleTimeoutMs: number | undefined;
  /** Ends after so long; a run whose timeout doesn't fit into what is left is not taken. */
  readonly timeLimitMs: number | undefined;
  /** What the first signal does: `drain` stops taking runs, and the second ends them; `end` ends them at once. */
  readonly onSignal: "drain" | "end";
  /** What becomes of runs that are ended for the agent's sake. */
  readonly endedRuns: "requeue" | "cancel";
  /** The CI job that the agent is, where it is one. */
  readonly job: JsonObject | undefined;
};

/** An agent as its door was asked for it: of one store. */
export type AskedAgent = AgentRequest & {
  /** At least one. */
  readonly queues: readonly string[];
};

export type LeaseTimes = {
  /** How long an agent may be silent before others take its runs. */
  readonly ttlMs: number;
  readonly heartbeatMs: number;
};

export const defaultLease: LeaseTimes = { ttlMs: 15 * 60_000, heartbeatMs: 5 * 60_000 };

/** What is the machine's, and the stores that it serves. */
export type AgentServices = Omit<Services, "store" | "tokens"> & {
  /** At least one, each at a location of its own. */
  readonly stores: readonly ServedStore[];
  /** The agent's launch config: the ceiling of what a run may have. */
  readonly config: Document | undefined;
};

export type ServedStore = {
  readonly store: WholeStore;
  /** The store is a folder of this machine and this user's own. */
  readonly storeIsOwn: boolean;
  /** Each write is dear. */
  readonly spareStore: boolean;
  /** At least one. The queues of all stores are served in turn. */
  readonly queues: readonly string[];
  /** Where there is a CI that can be asked about the agents of this store. */
  readonly jobs?: JobLiveness | undefined;
  /** What its runs' sources are reached by. */
  readonly tokens: Services["tokens"];
};

/** What became of a run in this agent's hands. `fenced` is another's by now. */
export type TakenRun = {
  readonly runId: string;
  readonly queue: string;
  readonly attempt: number;
  readonly end: AttemptResult | { readonly kind: "fenced" };
};

/** Why an agent ended. */
export type AgentEnd = "drained" | "idle" | "time-limit" | "signal" | "request" | "conflict";

export type AgentResult = {
  readonly end: AgentEnd;
  readonly message: string;
  readonly runs: readonly TakenRun[];
};

/** The times that follow from a lease's. */
export type LeaseBounds = {
  /** A run is ended by its supervisor when its agent's machine was silent for so long (and an eighth of it, and 10 s at most). */
  readonly supervisionMs: number;
  /** A silent agent's runs are taken after this: all that watched over them has ended them by then. */
  readonly takeoverMs: number;
  /** Between two looks no more than this is counted as silence: who didn't look can't say that there was none. */
  readonly creditMs: number;
};

export function boundsOf(ttlMs: number): LeaseBounds {
  return { supervisionMs: ttlMs * 1.25, takeoverMs: ttlMs * 1.5, creditMs: ttlMs / 4 };
}
