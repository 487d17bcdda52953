import type { QueueEntry, QueueSnapshot } from "../stores/queue-store.ts";
import type { Lease } from "../run/head.ts";
import type { RunDocument } from "../run/document.ts";
import type { Counted } from "./taking/counting.ts";
import type { Definitions } from "./definitions.ts";
import type { Liveness } from "./leases/liveness.ts";
import type { Patience } from "./leases/retrying.ts";
import type { AgentRequest, AgentServices, TakenRun } from "./request.ts";
import type { Holding, SlotPool } from "./taking/slots.ts";

export type Mode = "working" | "draining" | "stopping";

/** Why a run is ended early. */
export type Ending = "cancelled" | "given-back" | "dropped" | "fenced";

/** A run that this agent has just got. */
export type Taken = {
  readonly entry: QueueEntry;
  readonly document: RunDocument;
  readonly slots: Holding;
  /** An agent that is gone had it, and may have left it running here. */
  readonly adopts: boolean;
  /** When the write that made it ours was begun, by the monotonic clock. */
  readonly sinceMs: number;
  readonly tick: number;
};

/** A run in this agent's hands. */
export type Hold = {
  readonly runId: string;
  readonly key: string;
  readonly queue: string;
  /** False once it runs no more, and only its end is to be written. */
  isActive(): boolean;
  /** What a snapshot, begun at this tick, says of it; undefined when it isn't there. */
  see(entry: QueueEntry | undefined, begun: number): void;
  end(why: Ending): void;
  readonly over: Promise<TakenRun>;
};

/** What the parts of an agent share. */
export type Agent = {
  readonly request: AgentRequest;
  readonly services: AgentServices;
  readonly incarnation: string;
  readonly pool: SlotPool;
  readonly patience: Patience;
  readonly definitions: Definitions;
  readonly liveness: Liveness;
  /** Aborted when the agent must end at once: writes are given up. */
  readonly writes: AbortSignal;
  readonly holds: Map<string, Hold>;
  readonly runs: TakenRun[];
  mode(): Mode;
  /** Counts what happens, to tell what a snapshot can't have seen yet. */
  tick(): number;
  /** The last tick. */
  ticks(): number;
  /** How long it may still work; undefined without a limit. */
  timeLeftMs(): number | undefined;
  /** The last one. */
  snapshot: QueueSnapshot | undefined;
  /** Which queue is first at the next look. */
  turn: number;
  /** Claims that are on their way. */
  claiming: number;
  /** When another was faster the last time. */
  racedMs: number | undefined;
  /** What was counted since the last snapshot. */
  counted?: Counted;
  /** When waiting runs were asked for in vain, by key and version. */
  readonly lost: Map<string, number>;
  leaseFor(attempt: number): Lease;
  start(taken: Taken): void;
};
