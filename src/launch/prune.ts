import { rm } from "node:fs/promises";
import type { Clock } from "../core/clock.ts";
import { isFinal } from "../core/run.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { RunHead, Store } from "../stores/store.ts";
import { isLiveHere } from "./remains.ts";

export type PruneRequest = {
  /** Only runs that ended so long ago. */
  readonly olderThanMs: number;
  /** The newest so many finished runs stay, however old. */
  readonly keep: number;
  readonly dryRun: boolean;
};

export type Pruned = {
  /** What was removed, or would be: newest first. */
  readonly removed: readonly RunHead[];
  /** Runs that were chosen but changed meanwhile, and stay. */
  readonly changed: readonly string[];
  /** How many stay, those that can't be read included. */
  readonly kept: number;
};

/**
 * Removes old finished runs from the store, and their logs and outputs from this machine. A run that isn't finished, or that this version
 * can't read, is never touched.
 */
export async function pruneRuns(
  request: PruneRequest,
  services: { readonly store: Store; readonly state: StateDirectory; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Pruned> {
  const { store, state, clock } = services;
  const listed = await store.list(Number.POSITIVE_INFINITY, signal);
  const finished = listed.filter((item) => item.kind === "run").filter(({ run }) => isFinal(run.state));
  const before = clock.now().getTime() - request.olderThanMs;
  const chosen: { readonly run: RunHead; readonly version: string }[] = [];
  for (const item of finished.slice(request.keep)) {
    const ended = Date.parse(item.run.finished_at ?? item.run.updated_at);
    // What has no time that can be read is not known to be old.
    if (ended <= before && !(await isLiveHere(state, item.run.run_id))) chosen.push(item);
  }
  if (request.dryRun) {
    return { removed: chosen.map(({ run }) => run), changed: [], kept: listed.length - chosen.length };
  }
  const gone = new Set(
    await store.remove(
      chosen.map(({ run, version }) => ({ runId: run.run_id, version })),
      signal,
    ),
  );
  for (const runId of gone) await rm(state.runFolder(runId), { recursive: true, force: true });
  if (gone.size > 0) await store.compact(signal);
  return {
    removed: chosen.map(({ run }) => run).filter((run) => gone.has(run.run_id)),
    changed: chosen.map(({ run }) => run.run_id).filter((runId) => !gone.has(runId)),
    kept: listed.length - gone.size,
  };
}
