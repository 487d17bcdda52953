import { toJson } from "../core/json.ts";
import { noteStore } from "../machine/attempts-here.ts";
import { updateLive } from "../machine/live-entry.ts";
import { runKeyOf } from "../run/names/identity.ts";
import type { RunOutcome } from "../run/outcome.ts";
import { newRunId, newRunNonce } from "../run/run-id.ts";
import { refuseUnreadable } from "../run/read-record.ts";
import { opened } from "../run/transitions.ts";
import { headOf } from "../run/transitions/head-and-record.ts";
import { type Attempt, type CameTo, cameTo, cameToError, closeAttempt, openAttempt } from "./attempt.ts";
import { firstRecord } from "./first-record.ts";
import { findImage, findSource, openSecrets, prepareExecution, refuseUnsupported } from "./phases.ts";
import { redactionOfKnown, refuseSecretNames } from "./secrets.ts";
import type { LaunchRequest, RunResult, Services } from "./services.ts";
import { storeWriter } from "./store-writer.ts";

/*
 * The main job, from a spec to a finished run:
 *
 *   open     folders and a live entry on this machine: nothing is made for the run before
 *   source   the code is found and hashed; nothing is written yet
 *   image    the image is found by the hash of its inputs, or built; beside that the store hears of the run and the patch is tried
 *   start    the handle goes into the record and the store, then the resource starts the run
 *   follow   its output is followed to the end, or to a timeout, or to a cancel
 *   close    outputs are hashed, and the record and the log's tail are written
 *
 * A queue's run goes the same way (launch-queued.ts). One that is adopted is opened as it was left, and goes on with follow
 * (adopt-queued.ts).
 *
 * Whatever happens after the run id is made, the run ends in the store as succeeded, failed or cancelled with a reason, and nothing
 * that was made for it stays behind. What a kill leaves is named in the live file, for `prune` and for the action's post step.
 */

/** Launches a run and follows it to its end. Throws only for a bug, after the run's record was written all the same. */
export async function launch(request: LaunchRequest, services: Services, signal: AbortSignal): Promise<RunResult> {
  const { log, clock, state } = services;
  refuseSecretNames(request, await redactionOfKnown(request, services));
  const created = clock.now();
  const runId = request.spec.run_id ?? newRunId(request.spec.name, created);
  const record = opened(firstRecord(request, services, { runId, created, nonce: newRunNonce() }));
  const run = headOf(record);
  refuseUnreadable({ run, record: toJson(record) });
  const key = runKeyOf(run, "");
  const writer = storeWriter({
    store: await services.store.open(),
    openFallbackStore: services.store.openFallback,
    onFallback: async (location) => {
      await updateLive(state, key, { store: location });
      await noteStore(state, key, location);
    },
    log,
  });
  const spareStore = services.store.spare;
  const asked = { request, key, record, writer, spareStore, queued: undefined };
  const attempt = await openAttempt(asked, services, signal);
  return closeAttempt(attempt, await doAttempt(attempt));
}

/** All of an attempt between its opening and its close. Never throws: what it fails with is what it came to. */
export async function doAttempt(attempt: Attempt): Promise<CameTo> {
  try {
    return cameTo(await work(attempt));
  } catch (error) {
    return cameToError(attempt, error);
  }
}

/** Throws what it fails with. */
async function work(attempt: Attempt): Promise<RunOutcome> {
  refuseUnsupported(attempt);
  const secrets = await openSecrets(attempt);
  const source = await findSource(attempt, secrets);
  try {
    const image = await findImage(attempt, { source, secrets });
    await using execution = await prepareExecution(attempt, { source, secrets, image });
    await execution.start();
    return await execution.follow();
  } finally {
    if (source.kind === "code") await source.dispose();
  }
}
