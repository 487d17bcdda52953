import { newRunId } from "../run/run-id.ts";
import { runAttempt } from "./attempt.ts";
import { runPhases } from "./phases.ts";
import { firstRecord } from "./first-record.ts";
import { opened } from "../run/transitions.ts";
import { updateLive } from "../machine/live-entry.ts";
import type { LaunchRequest, RunResult, Services } from "./services.ts";
import { storeWriter } from "./store-writer.ts";

/*
 * The main job, from a spec to a finished run:
 *
 *   source   the code is found and hashed; nothing is written yet
 *   image    the image is found by the hash of its inputs, or built; beside that the store hears of the run and the patch is tried
 *   start    the handle goes into the record and the store, then the resource starts the run
 *   run      its output is followed to the end, or to a timeout, or to a cancel
 *   done     outputs are hashed, and the record and the log's tail are written
 *
 * Whatever happens after the run id is made, the run ends in the store as succeeded, failed or cancelled with a reason, and nothing
 * that was made for it stays behind. What a kill leaves is named in the live file, for `prune` and for the action's post step.
 */

/** Launches a run and follows it to its end. Throws only for a bug, after the run's record was written all the same. */
export async function launch(request: LaunchRequest, services: Services, signal: AbortSignal): Promise<RunResult> {
  const { log, clock, state } = services;
  const created = clock.now();
  const runId = request.spec.run_id ?? newRunId(request.spec.name, created);
  const writer = storeWriter({
    store: await services.store.open(),
    openFallbackStore: services.store.openFallback,
    onFallback: (location) => updateLive(state, runId, { store: location }),
    log,
  });
  const key = { runId, attempt: 1 };
  const record = opened(firstRecord(request, services, { runId, created }));
  const attempt = {
    request,
    key,
    record,
    writer,
    spareStore: services.store.spare,
    queued: undefined,
    work: runPhases,
  };
  return runAttempt(attempt, services, signal);
}
