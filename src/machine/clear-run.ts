import { removeFolder } from "../core/folders/remove.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { nameOfAttempt } from "../run/handle.ts";
import { keyOfEntry, type LiveEntry, releaseLive } from "./live-entry.ts";
import { type SweepPlace, sweepServices } from "./sweep-services.ts";

/** SIGTERM to SIGKILL, for a run whose launcher is long gone. */
const graceMs = 5_000;

/** Ends and removes what is left on this machine of an attempt that nobody goes on with. Says nothing to any store. */
export async function clearRemains(entry: LiveEntry, services: SweepPlace): Promise<void> {
  if (entry.handle !== undefined) {
    const resource = await sweepServices(services).openResource(entry.handle.kind);
    await resource.cancel(entry.handle, graceMs);
    await resource.remove(entry.handle);
  }
  await removeScratch(entry, services.state);
  await releaseLive(services.state, keyOfEntry(entry));
}

/** Removes the folder that a launcher which is gone had for its attempt alone. */
export async function removeScratch(entry: LiveEntry, state: StateDirectory): Promise<void> {
  await removeFolder(state.scratchFolder(nameOfAttempt(keyOfEntry(entry))));
}
