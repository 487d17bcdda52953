import { stat } from "node:fs/promises";
import { isFileMissing } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Store, StoredRun } from "../stores/store.ts";
import { findRun } from "./find-run.ts";
import { isLiveHere } from "./remains.ts";

export type ShownRun = {
  readonly stored: StoredRun;
  /** A launcher on this machine is at work on it now. */
  readonly live: boolean;
  /** What of it is on this machine; undefined for what isn't. */
  readonly logFile: string | undefined;
  readonly outputFolder: string | undefined;
};

/** One run, by its id or the start of it. Throws `not-found` with a suggestion, `bad-usage` for the start of several. */
export async function showRun(
  wanted: string,
  services: { readonly store: Store; readonly state: StateDirectory },
  signal: AbortSignal,
): Promise<ShownRun> {
  const { store, state } = services;
  const stored = await findRun(wanted, store, signal);
  const runId = stored.run.run_id;
  const [live, logFile, outputFolder] = await Promise.all([
    isLiveHere(state, runId),
    ifThere(state.logFile(runId)),
    ifThere(state.outputFolder(runId)),
  ]);
  return { stored, live, logFile, outputFolder };
}

/** The path, when something is there. */
export async function ifThere(path: string): Promise<string | undefined> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
