import { stat } from "node:fs/promises";
import type { Clock } from "../core/clock.ts";
import { isFileMissing } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { WaitingReport } from "../reporting/queue-report.ts";
import type { WithDefinitions } from "../stores/definition-store.ts";
import type { QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import type { Store } from "../stores/store.ts";
import type { StoredRun } from "../run/document.ts";
import { findRun } from "../queueing/find-run.ts";
import { attemptsHere } from "../machine/attempts-here.ts";
import { isLiveHere } from "../machine/live-entry.ts";
import { queueViewer } from "../queueing/watch-queues.ts";

export type ShownRun = {
  readonly stored: StoredRun;
  /** A launcher on this machine is at work on it now. */
  readonly live: boolean;
  /** What of its last attempt here is on this machine; undefined for what isn't. */
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
  const { run } = stored;
  const [last] = await attemptsHere(state, { runId: run.run_id, store: store.location, run });
  if (last === undefined) return { stored, live: false, logFile: undefined, outputFolder: undefined };
  const [live, logFile, outputFolder] = await Promise.all([
    isLiveHere(state, last.name),
    ifThere(state.logFile(last.name)),
    ifThere(state.outputFolder(last.name)),
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

/** Where a run of a queue stands now. */
export type QueuePlaceReport = {
  readonly queue: string;
  /** While it waits. */
  readonly waiting: WaitingReport | undefined;
  /** For how long its agent has given no sign of life, when that is longer than its lease lasts. */
  readonly holderSilentMs: number | undefined;
};

export type QueuePlaceServices = { readonly store: QueueStore & WithDefinitions; readonly clock: Clock };

/** Undefined for a run that has ended, or that no queue holds. */
export async function placeInQueue(
  { run_id: runId, queued, state, lease }: RunHead,
  { store, clock }: QueuePlaceServices,
  signal: AbortSignal,
): Promise<QueuePlaceReport | undefined> {
  if (queued === undefined || isFinal(state)) return undefined;
  const { queue } = queued;
  const viewer = queueViewer(store, clock);
  const { waiting, agents } = viewer.report(queue, await viewer.look([queue], signal));
  const holder = agents.find(({ agent }) => agent === lease?.agent);
  return {
    queue,
    waiting: waiting.find((report) => report.runId === runId),
    holderSilentMs: holder?.silent === true ? holder.lastBeatMs : undefined,
  };
}
