import type { StateDirectory } from "./state-directory.ts";

/** What a plug-in is asked to take away: what it has made on this machine for runs, and none has used since. */
export type PruneRequest = {
  /** What was used since stays. */
  readonly before: Date;
  readonly dryRun: boolean;
  /** What runs that have not ended are of, by what lists show: an image's name → the run's id. */
  readonly wanted: ReadonlyMap<string, string>;
  /** Asked right before something is taken away. */
  readonly atWork: () => Promise<AtWork>;
  readonly state: StateDirectory;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** What runs on this machine need of what they share. */
export type AtWork = {
  /** A run is on its way to its start: it may have chosen anything by now. */
  readonly starting: boolean;
  /** When the oldest run here was made, in ms since the epoch: all that they use was used since. */
  readonly sinceMs: number;
};

export type PrunedFolder = { readonly name: string; readonly bytes: number };
