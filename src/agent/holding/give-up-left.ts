import { systemClock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { clearRemains, removeScratch } from "../../machine/clear-run.ts";
import { isLauncherThere, type LiveEntry, liveRunIds, readLive, releaseLive } from "../../machine/live-entry.ts";
import { isElsewhere } from "../../machine/elsewhere.ts";
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
  for (const runId of await liveRunIds(place.state)) {
    const entry = await readLive(place.state, runId);
    if (entry?.queue === undefined || entry.host !== place.state.host || (await isLauncherThere(entry, place.state)))
      continue;
    try {
      if (entry.handle !== undefined && isElsewhere(entry.handle.kind)) {
        // It goes on without this machine, and another agent follows it by its handle.
        await removeScratch(entry, place.state);
        await releaseLive(place.state, runId);
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
    const entry = entries.find(({ place: at, run }) => {
      return at === "leased" && run.run_id === left.run_id && run.attempt === left.attempt;
    });
    if (entry === undefined) return;
    const words = `the job of agent ${entry.run.lease?.agent ?? ""} has ended, and the agent was killed`;
    await loseAttempt({ entry, host: left.host, words }, { store, clock: systemClock, log: place.log }, signal);
  } finally {
    await store.close();
  }
}
