import { LaunchError } from "../core/errors.ts";
import { isFinal } from "../core/run.ts";
import type { QueueEntry, QueueSnapshot, QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../stores/store.ts";

/** A run that is waited for; its queue says where to look. */
export type AwaitedRun = { readonly runId: string; readonly queue: string };

export type Seen = { readonly run: RunHead; readonly entry: QueueEntry | undefined; readonly snapshot: QueueSnapshot };

export type WaitRequest = {
  readonly runs: readonly AwaitedRun[];
  /** Told of each run at first and whenever its state, its place or its agent has changed. */
  readonly onChange: (seen: Seen) => void | Promise<void>;
};

/** A store that tells of changes is asked at this pace all the same: an answer may be lost. */
const lookAgainMs = 10_000;

/** Follows runs to their ends; one look at the store serves all of them. Returns their last heads, in the order of `runs`. */
export async function waitForRuns(
  { runs, onChange }: WaitRequest,
  store: QueueStore,
  signal: AbortSignal,
): Promise<readonly RunHead[]> {
  const queues = [...new Set(runs.map(({ queue }) => queue))];
  const ended = new Map<string, RunHead>();
  const told = new Map<string, string>();
  for (;;) {
    const snapshot = await store.snapshot(queues, signal);
    for (const { runId } of runs) {
      if (ended.has(runId)) continue;
      const entry = snapshot.entries.find(({ run }) => run.run_id === runId);
      const run = entry?.run ?? (await headOf(runId, store, signal));
      const { state, lease } = run;
      const key = JSON.stringify([state, lease?.agent, entry?.place === "waiting" ? placeOf(entry, snapshot) : 0]);
      if (told.get(runId) !== key) await onChange({ run, entry, snapshot });
      told.set(runId, key);
      if (isFinal(state) && (entry === undefined || entry.place === "ended")) ended.set(runId, run);
    }
    if (ended.size === runs.length) return runs.flatMap(({ runId }) => ended.get(runId) ?? []);
    await store.wait(queues, lookAgainMs, signal);
  }
}

/** In no queue's sight: folded away, or removed. */
async function headOf(runId: string, store: QueueStore, signal: AbortSignal): Promise<RunHead> {
  const stored = await store.read(runId, signal);
  if (stored !== undefined) return stored.run;
  throw new LaunchError("not-found", `run "${runId}" is no longer in ${store.location}`);
}

/** How many of its queue wait before it, by their keys. */
function placeOf({ queue, key }: QueueEntry, { entries }: QueueSnapshot): number {
  return entries.filter((other) => other.place === "waiting" && other.queue === queue && other.key < key).length + 1;
}
