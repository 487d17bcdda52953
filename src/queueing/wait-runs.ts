import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import { UnreadableRun } from "../run/unreadable.ts";
import type { WaitingReport } from "../reporting/queue-report.ts";
import type { WithDefinitions } from "../stores/definition-store.ts";
import type { QueueEntry, QueueSnapshot, QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import { type QueueViewer, queueViewer } from "./watch-queues.ts";

/** A run that is waited for; its queue says where to look. */
export type AwaitedRun = { readonly runId: string; readonly queue: string };

export type Seen = {
  readonly run: RunHead;
  readonly entry: QueueEntry | undefined;
  /** Where it stands, while it waits. */
  readonly waiting: WaitingReport | undefined;
};

export type WaitRequest = {
  readonly runs: readonly AwaitedRun[];
  /** Told of each run at first and whenever its state, its place, its agent or what it waits for has changed. */
  readonly onChange: (seen: Seen) => void | Promise<void>;
  /** Told of all of them at each look at the store. */
  readonly onLook?: (seen: readonly Seen[]) => void;
  /** The store can't be asked; said once until it can. */
  readonly onTrouble?: (message: string) => void;
};

export type WaitServices = { readonly store: QueueStore & WithDefinitions; readonly clock: Clock };

/** A store that tells of changes is asked at this pace all the same: an answer may be lost. */
const lookAgainMs = 10_000;

/** A store that is away for longer has to be looked after, and the runs go on without us. */
const patienceMs = 15 * 60_000;
const longestRetryMs = 30_000;

/** Follows runs to their ends; one look at the store serves all of them. Returns their last heads, in the order of `runs`. */
export async function waitForRuns(
  request: WaitRequest,
  services: WaitServices,
  signal: AbortSignal,
): Promise<readonly RunHead[]> {
  const { runs, onChange, onLook } = request;
  const { store, clock } = services;
  const queues = [...new Set(runs.map(({ queue }) => queue))];
  const place = { queues, viewer: queueViewer(store, clock), store };
  const seen = new Map<string, Seen>();
  const told = new Map<string, string>();
  const isEnded = ({ runId }: AwaitedRun): boolean => {
    const last = seen.get(runId);
    return last !== undefined && isFinal(last.run.state) && (last.entry === undefined || last.entry.place === "ended");
  };
  for (;;) {
    const left = runs.filter((run) => !isEnded(run));
    const found = await patiently(() => lookFor(left, place, signal), { ...request, clock }, signal);
    for (const now of found) {
      const runId = now.run.run_id;
      seen.set(runId, now);
      const key = JSON.stringify([now.run.state, now.run.lease?.agent, now.waiting?.position, now.waiting?.cause]);
      if (told.get(runId) !== key) await onChange(now);
      told.set(runId, key);
    }
    onLook?.([...seen.values()]);
    if (runs.every(isEnded)) return runs.flatMap(({ runId }) => seen.get(runId)?.run ?? []);
    await store.wait(queues, lookAgainMs, signal);
  }
}

type LookedAt = {
  readonly queues: readonly string[];
  readonly viewer: QueueViewer;
  readonly store: QueueStore;
};

async function lookFor(
  runs: readonly AwaitedRun[],
  { queues, viewer, store }: LookedAt,
  signal: AbortSignal,
): Promise<readonly Seen[]> {
  const snapshot = await viewer.look(queues, signal);
  const entries = new Map(snapshot.entries.map((entry) => [entry.run.run_id, entry]));
  const waiting = waitingIn(queues, viewer, snapshot);
  const found: Seen[] = [];
  for (const { runId } of runs) {
    const entry = entries.get(runId);
    const run = entry?.run ?? (await headOf(runId, store, signal));
    found.push({ run, entry, waiting: entry?.place === "waiting" ? waiting.get(runId) : undefined });
  }
  return found;
}

function waitingIn(
  queues: readonly string[],
  viewer: QueueViewer,
  snapshot: QueueSnapshot,
): ReadonlyMap<string, WaitingReport> {
  const reports = queues.flatMap((queue) => viewer.report(queue, snapshot).waiting);
  return new Map(reports.map((report) => [report.runId, report]));
}

/** In no queue's sight: folded away, or removed. */
async function headOf(runId: string, store: QueueStore, signal: AbortSignal): Promise<RunHead> {
  const stored = await store.read(runId, signal);
  if (stored !== undefined) return stored.run;
  throw new LaunchError("not-found", `run "${runId}" is no longer in ${store.location}`);
}

/** Asks again, ever more seldom, while the store gives no answer. */
async function patiently<T>(
  look: () => Promise<T>,
  { onTrouble, clock }: Pick<WaitRequest, "onTrouble"> & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<T> {
  const begunMs = clock.monotonicMs();
  for (let retryMs = 1_000; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
    try {
      return await look();
    } catch (error) {
      // What can't be read now isn't read later either.
      const isOfStore = error instanceof LaunchError && !(error instanceof UnreadableRun);
      const passing = isOfStore && (error.code === "store-failed" || error.code === "timeout");
      if (signal.aborted || !passing || clock.monotonicMs() - begunMs > patienceMs) throw error;
      if (retryMs === 1_000) onTrouble?.(error.message);
      await clock.sleep(retryMs * (0.5 + Math.random() / 2), signal);
    }
  }
}
