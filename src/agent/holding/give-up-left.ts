import { systemClock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { clearRemains, removeScratch } from "../../machine/clear-run.ts";
import {
  isLauncherThere,
  keyOfEntry,
  type LiveEntry,
  liveNames,
  readLive,
  releaseLive,
} from "../../machine/live-entry.ts";
import { isElsewhere } from "../../machine/elsewhere.ts";
import { runKeyOf } from "../../run/names/identity.ts";
import { openStoreAt } from "../../stores/choose-store.ts";
import type { SweepPlace } from "../../machine/sweep-services.ts";
import type { SweptRun } from "../../machine/sweep.ts";
import { loseAttempt } from "./lose-attempt.ts";

/**
 * Ends the queues' runs that a killed agent has left below a state directory that goes away, where no agent could take them over, and
 * then gives their leases up, so that nobody waits for these to run out. One that is still running is never given up.
 */
export async function giveUpLeft(place: SweepPlace, signal: AbortSignal): Promise<readonly SweptRun[]> {
  const swept: SweptRun[] = [];
  for (const name of await liveNames(place.state)) {
    const entry = await readLive(place.state, name);
    if (entry?.queue === undefined || entry.host !== place.state.host || (await isLauncherThere(entry, place.state)))
      continue;
    const { run_id: runId } = entry;
    try {
      if (entry.handle !== undefined && isElsewhere(entry.handle.kind)) {
        // It goes on without this machine, and another agent follows it by its handle.
        await removeScratch(entry, place.state);
        await releaseLive(place.state, keyOfEntry(entry));
        continue;
      }
      await clearRemains(entry, place);
      await giveUp({ ...entry, queue: entry.queue }, place, signal);
      swept.push({ kind: "swept", runId });
    } catch (error) {
      signal.throwIfAborted();
      swept.push({ kind: "incomplete", runId, message: messageOf(error) });
    }
  }
  return swept;
}

type QueuedEntry = LiveEntry & { readonly queue: string };

async function giveUp(left: QueuedEntry, place: SweepPlace, signal: AbortSignal): Promise<void> {
  const store = await openStoreAt(left.store, place);
  try {
    const { entries } = await store.snapshot([left.queue], signal);
    const storeId = await store.identify(signal);
    const entry = entries.find(({ place: at, run }) => {
      return at === "leased" && runKeyOf(run, storeId).identity === left.identity;
    });
    if (entry === undefined) return;
    const words = `the job of agent ${entry.run.lease?.agent ?? ""} has ended, and the agent was killed`;
    await loseAttempt({ entry, host: left.host, words }, { store, clock: systemClock, log: place.log }, signal);
  } finally {
    await store.close();
  }
}
