import type { RunDocument } from "../run/document.ts";
import type { RunKey } from "../run/handle.ts";
import type { CheckedRun } from "./admit.ts";
import { type Attempt, type CameTo, closeAttempt, leaveAttempt, openAttempt } from "./attempt.ts";
import { doAttempt } from "./launch.ts";
import { checkQueuedTree } from "./queued-source.ts";
import { readRecord } from "../run/read-record.ts";
import { firstRecord } from "./first-record.ts";
import type { RunRecord } from "../run/record.ts";
import { opened } from "../run/transitions.ts";
import type { QueuedAttempt, Services } from "./services.ts";
import type { RunWriter } from "./store-writer.ts";

/** A run that an agent has taken from a queue. */
export type QueuedLaunch = {
  /** As it was when it was taken; its head has the attempt. */
  readonly document: RunDocument;
  readonly key: RunKey;
  readonly checked: CheckedRun;
  readonly writer: RunWriter;
  /** The store is to be spared: the image's build is not written to it. */
  readonly spareStore: boolean;
  readonly place: Omit<QueuedAttempt, "queue" | "checkSource">;
};

/** What became of a launch: its run has ended, as the writer was told, or goes on elsewhere, for another agent to follow. */
export type QueuedEnd = "ended" | "left";

/** Launches an attempt at a queued run and follows it to its end, which goes to the writer. Throws for a bug only. */
export async function launchQueued(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<QueuedEnd> {
  const { key, checked, writer, spareStore } = launch;
  const record = recordOfAttempt(launch, services);
  const { request } = checked;
  const queued = queuedOf(launch);
  const asked = { request, key, record, writer, spareStore, queued };
  const attempt = await openAttempt(asked, services, signal);
  return closeQueued(attempt, await doAttempt(attempt));
}

/** Closes an attempt, unless its run goes on. */
export async function closeQueued(attempt: Attempt, end: CameTo): Promise<QueuedEnd> {
  if (!attempt.goesOn) {
    await closeAttempt(attempt, end);
    return "ended";
  }
  await leaveAttempt(attempt);
  return "left";
}

export function queuedOf({ checked, place }: QueuedLaunch): QueuedAttempt {
  const { queue, source } = checked.queued;
  return { ...place, queue, checkSource: (resolved) => checkQueuedTree(source, resolved) };
}

/** The record of a new attempt: what is asked for now, what was queued, and the attempts before it. */
export function recordOfAttempt({ document, checked }: QueuedLaunch, services: Services): RunRecord {
  const { run_id: runId, attempt, nonce, created_at: created } = document.run;
  const { ci, queued, source, attempts } = readRecord(document);
  return opened({
    ...firstRecord(checked.request, services, { runId, created: new Date(created), nonce }),
    attempt,
    ...(ci === undefined ? {} : { ci }),
    ...(queued === undefined ? {} : { queued }),
    ...(source === undefined ? {} : { source }),
    ...(attempts === undefined ? {} : { attempts }),
  });
}
