import { pruneBuilders } from "../builders/index.ts";
import type { PrunedImages } from "../builders/builder.ts";
import type { Clock } from "../core/clock.ts";
import { oldIn } from "../core/folders/old.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { sizeOf } from "../core/folders/size.ts";
import type { PrunedFolder, PruneRequest } from "../core/pruning.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { pruneResources } from "../resources/index.ts";
import { isFinal } from "../run/states.ts";
import { idOf, type ListedRun } from "../stores/store.ts";
import { readNote } from "./attempts-here.ts";
import { runsAtWork } from "./at-work.ts";
import { readNameOfAttempt } from "../run/handle.ts";
import { liveNames } from "./live-entry.ts";
import type { PruneRunsRequest } from "./prune-runs.ts";

export type PrunedMachine = {
  /** Runs whose log and outputs were removed from this machine; what their stores keep of them stays. */
  readonly logs: readonly PrunedFolder[];
  /** What the resources kept: Python environments that were made for runs. */
  readonly environments: readonly PrunedFolder[];
  readonly images: PrunedImages;
};

type PruneServices = {
  readonly state: StateDirectory;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All runs of the store, newest first. */
  readonly runs: readonly ListedRun[];
};

/**
 * Removes what old runs left on this machine: logs and outputs, also of runs that are in another store or in a queue's history by now, and
 * what resources and builders made for them that no run has used since.
 */
export async function pruneMachine(
  request: PruneRunsRequest,
  services: PruneServices,
  signal: AbortSignal,
): Promise<PrunedMachine> {
  const { state, clock, environment, runs } = services;
  const logs = await pruneLogs(request, services);
  const shared: PruneRequest = {
    before: new Date(clock.now().getTime() - request.olderThanMs),
    dryRun: request.dryRun,
    wanted: wantedOf(runs),
    atWork: () => runsAtWork(state, clock.now()),
    state,
    environment,
  };
  const environments = await pruneResources(shared);
  return { logs, environments, images: await pruneBuilders(shared, signal) };
}

/** What runs that have not ended are of, and which run it is: of several the newest. */
function wantedOf(runs: readonly ListedRun[]): ReadonlyMap<string, string> {
  const open = runs.filter((item) => item.kind === "run").filter(({ run }) => !isFinal(run.state));
  return new Map(open.toReversed().map(({ run }) => [run.source, run.run_id]));
}

/** A run that has not ended, or is at work here under whatever launcher, keeps its log. */
async function pruneLogs(
  { olderThanMs, keep, dryRun }: PruneRunsRequest,
  { state, clock, runs }: PruneServices,
): Promise<readonly PrunedFolder[]> {
  const open = runs.filter((item) => item.kind === "unreadable" || !isFinal(item.run.state));
  const kept = new Set([...runs.slice(0, keep), ...open].map(idOf));
  const removed: PrunedFolder[] = [];
  for (const name of await oldIn(state.runs, clock.now().getTime() - olderThanMs)) {
    const { runId } = (await readNote(state, name)) ?? readNameOfAttempt(name) ?? { runId: name };
    if (kept.has(runId) || (await liveNames(state)).includes(name)) continue;
    const folder = state.runFolder(name);
    const bytes = await sizeOf(folder);
    if (!dryRun) await removeFolder(folder);
    removed.push({ name: runId, bytes });
  }
  return removed;
}
