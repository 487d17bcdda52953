import type { Clock } from "../core/clock.ts";
import { isFinal } from "../run/states.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { ListedRun, Store } from "../stores/store.ts";
import type { RunHead } from "../run/head.ts";
import { sizeOf } from "../core/folders/size.ts";
import { type AttemptHere, attemptsHere } from "./attempts-here.ts";
import { isLiveHere, liveNames } from "./live-entry.ts";
import { removeFolder } from "../core/folders/remove.ts";

export type PruneRunsRequest = {
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
  /** The runs that stay, those that can't be read included: newest first. */
  readonly kept: readonly ListedRun[];
  /** What their logs and outputs on this machine took. */
  readonly bytes: number;
};

/**
 * Removes old finished runs from the store, and their logs and outputs from this machine. A run that isn't finished, or that this version
 * can't read, is never touched.
 */
export async function pruneRuns(
  request: PruneRunsRequest,
  services: { readonly store: Store; readonly state: StateDirectory; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Pruned> {
  const { store, state, clock } = services;
  const listed = await store.list(Number.POSITIVE_INFINITY, signal);
  const finished = listed.filter((item) => item.kind === "run").filter(({ run }) => isFinal(run.state));
  const before = clock.now().getTime() - request.olderThanMs;
  const chosen: Chosen[] = [];
  for (const item of finished.slice(request.keep)) {
    const ended = Date.parse(item.run.finished_at ?? item.run.updated_at);
    // What has no time that can be read is not known to be old.
    if (ended <= before && !(await isAtWorkHere(item.run, { store, state }))) chosen.push(item);
  }
  const gone = new Set(request.dryRun ? chosen.map(({ run }) => run.run_id) : await removeFrom(store, chosen, signal));
  let bytes = 0;
  for (const { run } of chosen) {
    if (!gone.has(run.run_id)) continue;
    for (const { name } of await keptHere(run, { store, state })) {
      bytes += await sizeOf(state.runFolder(name));
      if (!request.dryRun) await removeFolder(state.runFolder(name));
    }
  }
  if (!request.dryRun && gone.size > 0) await store.compact(signal);
  return {
    removed: chosen.map(({ run }) => run).filter((run) => gone.has(run.run_id)),
    changed: chosen.map(({ run }) => run.run_id).filter((runId) => !gone.has(runId)),
    kept: listed.filter((item) => item.kind === "unreadable" || !gone.has(item.run.run_id)),
    bytes,
  };
}

/**
 * Removes the logs and outputs on this machine of attempts whose store has their run no more. What still has a live entry stays: something of
 * it may be at work. Returns the names of what stayed.
 */
export async function removeHere(attempts: readonly AttemptHere[], state: StateDirectory): Promise<readonly string[]> {
  const live = await liveNames(state);
  const names = attempts.map(({ name }) => name);
  for (const name of names) if (!live.includes(name)) await removeFolder(state.runFolder(name));
  return names.filter((name) => live.includes(name));
}

type Place = { readonly store: Store; readonly state: StateDirectory };

/** What the store says of a nonce alone is not enough to remove what is here. */
async function keptHere(run: RunHead, { store, state }: Place): Promise<readonly AttemptHere[]> {
  const here = await attemptsHere(state, { runId: run.run_id, store: store.location, run });
  return here.filter(({ stores }) => stores.includes(store.location));
}

async function isAtWorkHere(run: RunHead, { store, state }: Place): Promise<boolean> {
  for (const { name } of await attemptsHere(state, { runId: run.run_id, store: store.location, run })) {
    if (await isLiveHere(state, name)) return true;
  }
  return false;
}

type Chosen = { readonly run: RunHead; readonly version: string };

function removeFrom(store: Store, chosen: readonly Chosen[], signal: AbortSignal): Promise<readonly string[]> {
  const versions = chosen.map(({ run, version }) => ({ runId: run.run_id, version }));
  return store.remove(versions, signal);
}
