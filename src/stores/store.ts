import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Token } from "../core/token.ts";
import type { RunDocument, StoredRun } from "../run/document.ts";
import type { RunHead } from "../run/head.ts";

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

export function idOf(listed: ListedRun): string {
  return listed.kind === "run" ? listed.run.run_id : listed.runId;
}
