import { LaunchError } from "../core/errors.ts";
import type { RunKey } from "../run/handle.ts";
import { runKeyOf } from "../run/names/identity.ts";
import type { QueueEntry, QueueSnapshot } from "../stores/queue-store.ts";
import type { Lease, RunHead } from "../run/head.ts";
import type { RunDocument } from "../run/document.ts";
import type { Counted } from "./taking/counting.ts";
import type { Definitions } from "./definitions.ts";
import type { Liveness } from "./leases/liveness.ts";
import type { Patience } from "./leases/retrying.ts";
import type { Waking } from "./leases/waking.ts";
import type { Heartbeat } from "./leases/heartbeat.ts";
import type { AgentRequest, AgentServices, ServedStore, TakenRun } from "./request.ts";
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
  /** What it was begun as here, where that may be another name than it would get now. */
  readonly begunAs?: RunKey;
  /** When the write that made it ours was begun, by the monotonic clock. */
  readonly sinceMs: number;
  readonly tick: number;
};

/** A run in this agent's hands. */
export type Hold = {
  readonly runId: string;
  /** What it is here. */
  readonly attempt: RunKey;
  readonly key: string;
  readonly queue: string;
  /** What it has of the machine while it is active. */
  readonly slots: Holding;
  /** False once it runs no more, and only its end is to be written. */
  isActive(): boolean;
  /** What a snapshot, begun at this tick, says of it; undefined when it isn't there. */
  see(entry: QueueEntry | undefined, begun: number): void;
  end(why: Ending): void;
  readonly over: Promise<TakenRun>;
};

/** What is the agent's whatever store a run is of: its machine's slots, its places for runs, its modes. */
export type Agent = {
  readonly request: AgentRequest;
  readonly services: AgentServices;
  readonly incarnation: string;
  readonly pool: SlotPool;
  readonly stores: readonly Served[];
  /** Aborted when the agent must end at once: writes are given up. */
  readonly writes: AbortSignal;
  readonly runs: TakenRun[];
  mode(): Mode;
  /** How long it may still work; undefined without a limit. */
  timeLeftMs(): number | undefined;
  /** What this machine can't do for any run: nothing more is taken, and the agent ends with this. */
  readonly fail: (error: LaunchError) => void;
  /** Which of all stores' queues is first at the next look. */
  turn: number;
  leaseFor(attempt: number): Lease;
};

/** By the monotonic clock, until when it isn't asked again. */
export type Silence = { readonly untilMs: number; readonly waitMs: number };

/** A store that the agent serves. It is looked at, beaten in and waited for by itself, so that one that is away keeps no other from being served. */
export type Served = ServedStore & {
  readonly agent: Agent;
  readonly patience: Patience;
  readonly definitions: Definitions;
  readonly liveness: Liveness;
  /** By run id: another store may have a run of the same. */
  readonly holds: Map<string, Hold>;
  /** Undefined until the agent has its id there. */
  heartbeat: Heartbeat | undefined;
  /** Known before anything is held of it. */
  storeId: string | undefined;
  /** The last one. */
  snapshot: QueueSnapshot | undefined;
  /** Since when its loop looks or takes; undefined while it waits. */
  busySinceMs: number | undefined;
  readonly waking: Waking;
  /** Runs of it could start, but for those of other stores whose turn was before. */
  waitsItsTurn: boolean;
  /** Claims that are on their way. */
  claiming: number;
  /** When another was faster the last time. */
  racedMs: number | undefined;
  /** What was counted since the last snapshot. */
  counted?: Counted;
  /** Names of attempts whose entries here can't be read, which was said. */
  readonly unread: Set<string>;
  /** Queue → why its ended runs could not be folded, which was said. */
  readonly unfolded: Map<string, string>;
  /** When waiting runs were asked for in vain, by key and version. */
  readonly lost: Map<string, number>;
  /** How often its resource was asked for an attempt that is over. */
  readonly askedElsewhere: Map<string, number>;
  /** Resources, by name, that gave no answer when they were asked for a run of a holder that is gone. */
  readonly silent: Map<string, Silence>;
  /** Counts what happens in this store, to tell what a snapshot can't have seen yet. */
  tick(): number;
  /** The last tick. */
  ticks(): number;
  start(taken: Taken): void;
};

/** What an attempt at a run of this store is here, for whichever agent has it. */
export function attemptOf({ storeId, store }: Served, run: RunHead): RunKey {
  if (storeId === undefined)
    throw new LaunchError("store-failed", `the store ${store.location} has not said its id yet`);
  return runKeyOf(run, storeId);
}

/** The runs in this agent's hands, of whichever store. */
export function holdsOf({ stores }: Agent): readonly Hold[] {
  return stores.flatMap(({ holds }) => [...holds.values()]);
}
