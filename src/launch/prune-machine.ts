import { lstat, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { isFileMissing } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Store } from "../stores/store.ts";
import { idOf } from "./find-run.ts";
import type { PruneRequest } from "./prune.ts";
import { isLiveHere, liveRunIds } from "./remains.ts";

export type PrunedMachine = {
  /** Runs whose log and outputs were removed from this machine; what their stores keep of them stays. */
  readonly logs: readonly string[];
  /** Python environments that were made for runs. */
  readonly environments: readonly string[];
};

type Services = { readonly store: Store; readonly state: StateDirectory; readonly clock: Clock };

/**
 * Removes what old runs left on this machine: logs and outputs, also of runs that are in another store or in a queue's history by now, and
 * the Python environments that were made for runs. Environments are left alone while any run is at work here: it may have one.
 */
export async function pruneMachine(
  { olderThanMs, keep, dryRun }: PruneRequest,
  { store, state, clock }: Services,
  signal: AbortSignal,
): Promise<PrunedMachine> {
  const before = clock.now().getTime() - olderThanMs;
  const kept = new Set((await store.list(keep, signal)).map(idOf));
  const logs: string[] = [];
  for (const runId of await oldIn(dirname(state.runFolder("any")), before)) {
    if (kept.has(runId) || (await isLiveHere(state, runId))) continue;
    if (!dryRun) await rm(state.runFolder(runId), { recursive: true, force: true });
    logs.push(runId);
  }
  const parent = join(state.cache, "python");
  const environments = (await liveRunIds(state)).length > 0 ? [] : await oldIn(parent, before);
  if (!dryRun) for (const name of environments) await rm(join(parent, name), { recursive: true, force: true });
  return { logs, environments };
}

/** What is in a folder and has not changed since. */
async function oldIn(folder: string, before: number): Promise<readonly string[]> {
  try {
    const old: string[] = [];
    for (const name of await readdir(folder)) {
      if ((await lstat(join(folder, name))).mtimeMs < before) old.push(name);
    }
    return old;
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw error;
  }
}
