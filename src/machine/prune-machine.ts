import { lstat, readdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { isFileMissing, systemCode } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { ListedRun } from "../stores/store.ts";
import { runsAtWork } from "./at-work.ts";
import { idOf } from "../stores/store.ts";
import { sizeOf } from "./folder-size.ts";
import type { PruneRequest } from "./prune-runs.ts";
import { liveRunIds } from "./live-entry.ts";
import { removeFolder } from "./remove-folder.ts";

export type PrunedFolder = { readonly name: string; readonly bytes: number };

export type PrunedMachine = {
  /** Runs whose log and outputs were removed from this machine; what their stores keep of them stays. */
  readonly logs: readonly PrunedFolder[];
  /** Python environments that were made for runs. */
  readonly environments: readonly PrunedFolder[];
};

type Place = {
  readonly state: StateDirectory;
  readonly clock: Clock;
  /** All runs of the store, newest first. */
  readonly runs: readonly ListedRun[];
};

/**
 * Removes what old runs left on this machine: logs and outputs, also of runs that are in another store or in a queue's history by now, and
 * the Python environments that no run has used since.
 */
export async function pruneMachine(request: PruneRequest, place: Place): Promise<PrunedMachine> {
  return { logs: await pruneLogs(request, place), environments: await pruneEnvironments(request, place) };
}

/** A run that has not ended, or is at work here under whatever launcher, keeps its log. */
async function pruneLogs(
  { olderThanMs, keep, dryRun }: PruneRequest,
  { state, clock, runs }: Place,
): Promise<readonly PrunedFolder[]> {
  const open = runs.filter((item) => item.kind === "unreadable" || !isFinal(item.run.state));
  const kept = new Set([...runs.slice(0, keep), ...open].map(idOf));
  const removed: PrunedFolder[] = [];
  for (const runId of await oldIn(dirname(state.runFolder("any")), clock.now().getTime() - olderThanMs)) {
    if (kept.has(runId) || (await liveRunIds(state)).includes(runId)) continue;
    const folder = state.runFolder(runId);
    const bytes = await sizeOf(folder);
    if (!dryRun) await removeFolder(folder);
    removed.push({ name: runId, bytes });
  }
  return removed;
}

async function pruneEnvironments(
  { olderThanMs, dryRun }: PruneRequest,
  { state, clock }: Place,
): Promise<readonly PrunedFolder[]> {
  const parent = join(state.cache, "python");
  const removed: PrunedFolder[] = [];
  const old = await oldIn(parent, clock.now().getTime() - olderThanMs);
  // A link `HASH` goes with the folder `HASH.…` that it names.
  for (const name of old.filter((each) => each.includes("."))) {
    const { starting, sinceMs } = await runsAtWork(state, clock.now());
    const folder = join(parent, name);
    const usedMs = await changedMs(folder);
    if (starting || usedMs >= sinceMs) continue;
    const bytes = await sizeOf(folder);
    if (dryRun || (await removeEnvironment(folder, usedMs))) removed.push({ name, bytes });
  }
  return removed;
}

/**
 * Takes the link away first: whoever finds an environment by it touches the folder and looks at the link again, so one that is chosen at
 * this moment is either touched before, and stays, or its chooser sees that the link is gone.
 */
async function removeEnvironment(folder: string, usedMs: number): Promise<boolean> {
  const link = join(dirname(folder), basename(folder).split(".")[0] ?? "");
  const linked = (await targetOf(link)) === basename(folder);
  if (linked) await rm(link, { force: true });
  if ((await changedMs(folder)) === usedMs) {
    await removeFolder(folder);
    return true;
  }
  // Another may have made a new one meanwhile.
  if (linked) await symlink(basename(folder), link).catch(ignoreTaken);
  return false;
}

function ignoreTaken(error: unknown): void {
  if (systemCode(error) !== "EEXIST") throw error;
}

async function targetOf(link: string): Promise<string | undefined> {
  return readlink(link).catch(() => undefined);
}

async function changedMs(path: string): Promise<number> {
  return (await lstat(path)).mtimeMs;
}

/** What is in a folder and has not changed since. */
async function oldIn(folder: string, before: number): Promise<readonly string[]> {
  try {
    const old: string[] = [];
    for (const name of await readdir(folder)) if ((await changedMs(join(folder, name))) < before) old.push(name);
    return old;
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw error;
  }
}
