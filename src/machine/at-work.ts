import type { AtWork } from "../core/pruning.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { liveNames, readLive } from "./live-entry.ts";

/*
 * What runs on this machine need of what they share: images and Python environments. A run is written down before it chooses any, so
 * whoever removes some looks here right before.
 */

/** A resource has what it runs long before. */
const startMs = 10 * 60_000;

/** The runs on this machine, those of launchers that are gone included. One that can't be read may be anything. */
export async function runsAtWork(state: StateDirectory, now: Date): Promise<AtWork> {
  const entries = await Promise.all((await liveNames(state)).map((name) => readLive(state, name)));
  const isStarting = (submitted: string | undefined): boolean =>
    submitted === undefined || !(now.getTime() - Date.parse(submitted) > startMs);
  return {
    starting: entries.some((entry) => isStarting(entry?.submitted_at)),
    sinceMs: Math.min(...entries.map((entry) => (entry === undefined ? 0 : Date.parse(entry.head.created_at)))),
  };
}
