import type { JsonObject } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import type { RunReason, RunState } from "../core/run.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Token } from "../core/token.ts";

/** A run's head (`run.json`): what lists show, and its state. Times are ISO 8601, UTC. */
export type RunHead = {
  readonly schema_version: 1;
  readonly run_id: string;
  readonly name: string;
  readonly entity: string;
  readonly project: string;
  readonly state: RunState;
  readonly reason?: RunReason;
  readonly message?: string;
  readonly exit_code?: number;
  readonly resource: string;
  readonly attempt: number;
  /** Who asked, as claimed. */
  readonly by: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** When it was started at its resource, the last time that it was. */
  readonly started_at?: string;
  readonly finished_at?: string;
  /** For people: `3f9c2e1a7b40 + patch`. */
  readonly source: string;
  readonly metrics?: Readonly<Record<string, number>>;
  /** What a queue needs to know of the run; absent for one that no queue holds. */
  readonly queued?: QueuedHead;
  /** Who has it now; present while it is leased. */
  readonly lease?: Lease;
};

/** The part of a head that queues work with. Durations are in ms. */
export type QueuedHead = {
  readonly queue: string;
  readonly priority: 0 | 1 | 2 | 3;
  readonly enqueued_at: string;
  /** Not to be started before. */
  readonly not_before?: string;
  /** What it takes of its agent's machine: name → count. */
  readonly slots: Readonly<Record<string, number>>;
  readonly timeout_ms?: number;
  /** Runs that were enqueued together. */
  readonly group?: string;
  /** A later run of the same key replaces it while it waits. */
  readonly replace?: string;
  /** Hash of the queue definition that it was merged with. */
  readonly definition: string;
  readonly attempts_max: number;
};

/** An agent's claim on a run. The incarnation is new at each start of an agent, so that two of one id are told apart. */
export type Lease = {
  readonly agent: string;
  readonly incarnation: string;
  readonly attempt: number;
  readonly since: string;
};

/** All that a store keeps of a run. The record is opaque to it. */
export type RunDocument = {
  readonly run: RunHead;
  readonly record: JsonObject;
  readonly patch?: Uint8Array;
  /** The redacted end of its log. */
  readonly tail?: string;
};

/** `version` is what a later update must name: it is refused when the run has changed since. */
export type StoredRun = RunDocument & { readonly version: string };

/** `unknown`: the store gave no clean answer and could not be asked again within the bounds. */
export type WriteResult =
  | { readonly kind: "written"; readonly version: string }
  | { readonly kind: "conflict"; readonly current: string | undefined }
  | { readonly kind: "unknown"; readonly message: string };

/** A run of a newer schema is listed by its id alone, and left alone. */
export type ListedRun =
  | { readonly kind: "run"; readonly run: RunHead; readonly version: string }
  | { readonly kind: "unreadable"; readonly runId: string; readonly version: string; readonly why: string };

export interface Store {
  /** Its URL, without credentials. */
  readonly location: string;
  /** Writes a new run; `conflict` when the id is taken. */
  create(document: RunDocument, signal: AbortSignal): Promise<WriteResult>;
  /** Replaces a run's state, record, patch and tail; parts that `document` leaves out are kept. */
  update(document: RunDocument, expected: string, signal: AbortSignal): Promise<WriteResult>;
  read(runId: string, signal: AbortSignal): Promise<StoredRun | undefined>;
  /** Newest first, at most `limit`. */
  list(limit: number, signal: AbortSignal): Promise<readonly ListedRun[]>;
  /** Removes these versions; a run that has changed since is kept. Returns the ids that are gone. */
  remove(
    runs: readonly { readonly runId: string; readonly version: string }[],
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Gives back the space of what was removed, where that is ours to do; a no-op elsewhere. */
  compact(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export type StoreContext = {
  readonly log: Log;
  readonly stateDirectory: StateDirectory;
  /** Sent to an http(s) store as a header; never on a command line. Without it git's own credentials are used. */
  readonly token?: Token;
};
