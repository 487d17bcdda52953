import type { QueuePlace } from "../run/transitions.ts";
import type { Lease, RunHead } from "../run/head.ts";
import type { RunDocument } from "../run/document.ts";
import type { Store } from "./store.ts";
import type { SeenAgent } from "./agent-store.ts";

/*
 * Queues in a store. A run in a queue is in one of three places: it waits, it is leased to an agent, or it has ended (and is kept until
 * it is folded into the queue's history). Each change names the version that it replaces, so whoever looked at an older state changes
 * nothing; what got no clean answer is looked up until it is known, within bounds.
 */

export type { QueuePlace };

/** One run as a queue shows it. */
export type QueueEntry = {
  readonly queue: string;
  /** Orders the runs of a queue by name; see queues/key.ts. */
  readonly key: string;
  readonly place: QueuePlace;
  /** What a change must name. */
  readonly version: string;
  readonly run: RunHead;
  /** Somebody wants it to end; its holder sees this at its next poll. */
  readonly cancelRequested: boolean;
};

/** An entry that this version can't read (newer, or damaged): shown, counted, and left alone. */
export type UnreadableEntry = {
  readonly queue: string;
  readonly key: string;
  readonly version: string;
  readonly why: string;
  /** Where it is, as far as its place alone says. */
  readonly place?: QueuePlace;
  /** Of a newer launch, whose agents may have it. */
  readonly isNewer?: boolean;
  /** It could be read, and is set aside all the same: where it is leased, its agent is at work on it. */
  readonly isReadable?: boolean;
};

/** Whether an agent may be at work on it: then nobody moves it as it is. */
export function mayBeAtWork({ place, isNewer, isReadable }: UnreadableEntry): boolean {
  return place === "leased" && (isNewer === true || isReadable === true);
}

export type UnreadableBeat = { readonly version: string; readonly why: string };

/** All of some queues at one moment. Waiting entries are sorted by key. */
export type QueueSnapshot = {
  readonly entries: readonly QueueEntry[];
  readonly unreadable: readonly UnreadableEntry[];
  readonly agents: readonly SeenAgent[];
  /** Agent → a beat that this version can't read (newer, or damaged): that it changes is a sign of life all the same. */
  readonly unreadableBeats?: ReadonlyMap<string, UnreadableBeat>;
  /** Queues that take no new leases now. */
  readonly paused: readonly string[];
  /** Queue → its last turn, for the claims that count what runs. Absent where the store counts by itself. */
  readonly turns?: ReadonlyMap<string, string>;
};

export type EnqueueResult =
  | { readonly kind: "enqueued"; readonly entry: QueueEntry }
  /** The same run id is there already: nothing was written. */
  | { readonly kind: "already"; readonly runId: string }
  | { readonly kind: "unknown"; readonly runId: string; readonly message: string };

export type Replacement = {
  readonly runs: readonly RunDocument[];
  readonly old: readonly { readonly entry: QueueEntry; readonly document: RunDocument }[];
};

export type Replaced = {
  readonly results: readonly EnqueueResult[];
  /** Of the old ones. */
  readonly cancelled: readonly string[];
};

export type Claim =
  | {
      readonly kind: "won";
      readonly entry: QueueEntry;
      readonly document: RunDocument;
      /** The queue's turn now, when the claim had counted. */
      readonly turn?: string;
    }
  | { readonly kind: "lost" }
  /** It still waits, but another has been taken since what runs was counted. */
  | { readonly kind: "miscounted" }
  /** What was to be taken can't be read, and is left alone. */
  | { readonly kind: "unreadable"; readonly runId: string; readonly why: string }
  | { readonly kind: "unknown"; readonly message: string };

/** `fenced`: the lease is no longer ours (or the run has changed); nothing was written. */
export type LeaseWrite =
  | { readonly kind: "written"; readonly entry: QueueEntry }
  | { readonly kind: "fenced" }
  | { readonly kind: "unknown"; readonly message: string };

export type Finished = { readonly finish: LeaseWrite; readonly next: Claim | undefined };

export type CancelResult = "cancelled" | "requested" | "ended" | "changed";

/** What a store can do by itself; a store of somebody else's may order and lease on its own. */
export type QueueCapabilities = {
  readonly order: "ours" | "store";
  readonly leases: "ours" | "store";
  /** True when `wait` returns at a change, not after its time only. */
  readonly wakes: boolean;
  /** More waiting runs than this are refused. */
  readonly maxWaiting: number;
  /** Beats that come more often would take up the writes that its host wants to see, and come late. */
  readonly leastHeartbeatMs: number;
};

export type ClaimRequest = {
  readonly entry: QueueEntry;
  readonly lease: Lease;
  /**
   * Of a queue with limits: the turn of the snapshot in which what runs was counted (none yet: undefined). Each claim that counted is
   * a turn, and holds only when there was none since: so two who count at the same time can't both take the last place.
   */
  readonly counted?: { readonly turn: string | undefined };
};

/** Lets the store take the first run of a queue that can start, by the rules of queues/order.ts, without a look at the others. */
export type PickRequest = {
  readonly queue: string;
  /** The attempt is the run's next. */
  readonly lease: Omit<Lease, "attempt">;
  readonly order: { readonly mode: "priority" | "fifo"; readonly ageingMs: number | undefined };
  readonly limits: { readonly running: number | undefined; readonly runningPerSubmitter: number | undefined };
  /** What the agent has free; undefined takes any run. */
  readonly agent:
    { readonly free: Readonly<Record<string, number>>; readonly timeLeftMs: number | undefined } | undefined;
  /** For `not_before` and ageing, in ms since the epoch; the store's own clock when left out. */
  readonly nowMs?: number;
};

/** How a leased run ends, and what is to be taken with it. */
export type EndThenClaim = { readonly document: RunDocument; readonly next?: ClaimRequest };
export type EndThenPick = { readonly document: RunDocument; readonly next: PickRequest };

/** Of a store that can order runs by itself. However many wait, each is one request. */
export interface PickingStore {
  /** Takes the first run that can start; `lost` when none can. */
  claimNext(request: PickRequest, signal: AbortSignal): Promise<Claim>;
  /** Ends a leased run as `finish` does, and takes the first that can start then. */
  finishAndClaimNext(entry: QueueEntry, end: EndThenPick, signal: AbortSignal): Promise<Finished>;
}

/** Runs in queues, and those that no queue holds. */
export interface QueueStore extends Store {
  readonly capabilities: QueueCapabilities;
  /**
   * The store's own id, by which its runs are told from those of others on one machine: the same whatever the store is called, and for all
   * who write to it. Made with the first run of a queue, or by the first who asks for it.
   */
  identify(signal: AbortSignal): Promise<string>;
  /** Where the store can take runs without a snapshot. */
  readonly picks?: PickingStore;
  /** Writes new waiting runs, all or none of them in one request of at most 25; a larger batch in several. */
  enqueue(runs: readonly RunDocument[], signal: AbortSignal): Promise<readonly EnqueueResult[]>;
  /**
   * The same in the place of runs that wait, whose documents say that they are cancelled: in one step, so that a queue that is full has room for
   * as many again. Those that wait no more stay as they are. Of a store that keeps its limits itself.
   */
  enqueueReplacing?(replacement: Replacement, signal: AbortSignal): Promise<Replaced>;
  snapshot(queues: readonly string[] | "all", signal: AbortSignal): Promise<QueueSnapshot>;
  /** The whole document of an entry at its version; undefined when it isn't to be had, as it has changed since (what is given may have changed too). */
  load(entry: QueueEntry, signal: AbortSignal): Promise<RunDocument | undefined>;
  /** Takes a waiting run. */
  claim(request: ClaimRequest, signal: AbortSignal): Promise<Claim>;
  /** Writes a leased run's progress (state, handle). */
  progress(entry: QueueEntry, document: RunDocument, signal: AbortSignal): Promise<LeaseWrite>;
  /** Ends a leased run with its record; takes the next one in the same request where there is one. */
  finish(entry: QueueEntry, end: EndThenClaim, signal: AbortSignal): Promise<Finished>;
  /** Puts a leased run back to wait (retry later, given back, or taken from a holder that is gone: fenced by the entry's version). */
  release(entry: QueueEntry, document: RunDocument, signal: AbortSignal): Promise<LeaseWrite>;
  /** Cancels a waiting run, or asks the holder of a leased one to. */
  cancel(entry: QueueEntry, document: RunDocument, signal: AbortSignal): Promise<CancelResult>;
  /**
   * Cancels waiting runs in as few requests as it takes, where each request is dear. `changed` for one that may be cancelled by itself
   * still: it was taken meanwhile, or stood beside one that was.
   */
  cancelWaiting?(
    runs: readonly { readonly entry: QueueEntry; readonly document: RunDocument }[],
    signal: AbortSignal,
  ): Promise<readonly CancelResult[]>;
  /**
   * Puts what can't be read among those that wait or that have ended, as it is: by its key and version alone. False when it has changed
   * since, or may be at work.
   */
  putUnread(entry: UnreadableEntry, place: "waiting" | "ended", signal: AbortSignal): Promise<boolean>;
  /** Puts an ended run back to wait, or changes a waiting one (its priority). The document's head says where it goes. */
  move(entry: QueueEntry, document: RunDocument, signal: AbortSignal): Promise<LeaseWrite>;
  pause(queue: string, paused: boolean, signal: AbortSignal): Promise<void>;
  /** Ended runs of a queue, newest first: those still there and those folded away. */
  history(queue: string, limit: number, signal: AbortSignal): Promise<readonly RunHead[]>;
  /** Folds ended runs into the history, so that few refs or rows stay; returns how many. */
  fold(queue: string, keep: number, signal: AbortSignal): Promise<number>;
  /** What is written from now on waits for no turn: this process is about to be ended. Of a store that spaces out its writes. */
  readonly hurry?: () => void;
  /** Resolves when something of these queues may have changed, and after `ms` in any case. */
  wait(queues: readonly string[], ms: number, signal: AbortSignal): Promise<void>;
}
