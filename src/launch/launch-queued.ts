import { rename } from "node:fs/promises";
import { join } from "node:path";
import { isFileMissing } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { RunDocument } from "../run/document.ts";
import type { CheckedRun } from "./admit.ts";
import { runAttempt } from "./launch.ts";
import { checkQueuedTree } from "./queued-source.ts";
import { readRecord } from "../run/read-record.ts";
import { firstRecord } from "./first-record.ts";
import type { RunRecord } from "../run/record.ts";
import { opened } from "../run/transitions.ts";
import type { QueuedAttempt, RunResult, Services } from "./services.ts";
import type { RunWriter } from "./store-writer.ts";

/** A run that an agent has taken from a queue. */
export type QueuedLaunch = {
  /** As it was when it was taken; its head has the attempt. */
  readonly document: RunDocument;
  readonly checked: CheckedRun;
  readonly writer: RunWriter;
  /** The store is to be spared: the image's build is not written to it. */
  readonly spareStore: boolean;
  readonly place: Omit<QueuedAttempt, "queue" | "checkSource">;
};

/** Launches an attempt at a queued run and follows it to its end, which goes to the writer. Throws for a bug only. */
export async function launchQueued(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<RunResult> {
  const { checked, writer, spareStore } = launch;
  const { run_id: runId, attempt } = launch.document.run;
  await keepEarlierLog(services.state, runId, attempt);
  const record = recordOfAttempt(launch, services);
  const { request } = checked;
  const queued = queuedOf(launch);
  const key = { runId, attempt };
  return runAttempt({ request, key, record, writer, spareStore, queued }, services, signal);
}

export function queuedOf({ checked, place }: QueuedLaunch): QueuedAttempt {
  const { queue, source } = checked.queued;
  return { ...place, queue, checkSource: (resolved) => checkQueuedTree(source, resolved) };
}

/** The record of a new attempt: what is asked for now, what was queued, and the attempts before it. */
export function recordOfAttempt({ document, checked }: QueuedLaunch, services: Services): RunRecord {
  const { run_id: runId, attempt, created_at: created } = document.run;
  const { ci, queued, source, attempts } = readRecord(document);
  return opened({
    ...firstRecord(checked.request, services, { runId, created: new Date(created) }),
    attempt,
    ...(ci === undefined ? {} : { ci }),
    ...(queued === undefined ? {} : { queued }),
    ...(source === undefined ? {} : { source }),
    ...(attempts === undefined ? {} : { attempts }),
  });
}

/** Each attempt has a log of its own; that of the last is the run's. */
async function keepEarlierLog(state: StateDirectory, runId: string, attempt: number): Promise<void> {
  try {
    await rename(state.logFile(runId), join(state.runFolder(runId), `log-before-${attempt}.txt`));
  } catch (error) {
    if (!isFileMissing(error)) throw error;
  }
}
