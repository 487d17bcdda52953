import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isFileMissing } from "../../../core/errors.ts";
import { queuePrefix, stopRefs } from "../queue/queue-refs.ts";
import type { WaitRequest } from "./repository.ts";

/** File systems that tell nothing (a network's, some containers') are looked at this often; it costs no process. */
const lookMs = 1_000;

/** git writes a lock, renames it and removes others: what is listed right after the first of it is seen may be half of it. */
const settlingMs = 15;

const folders = ["", "p", "l", "d", "x", "c"];

/** Waits for a change of these queues' refs in the repository at `directory`: told by the file system, or seen in the folders' times. */
export async function waitForRefs(
  directory: string,
  { queues, ms, isChanged }: WaitRequest,
  signal: AbortSignal,
): Promise<void> {
  const places = [
    ...queues.flatMap((queue) => folders.map((folder) => join(directory, queuePrefix(queue), folder))),
    join(directory, stopRefs),
  ];
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const watchers: FSWatcher[] = [];
  try {
    const before = await fingerprint([...places, join(directory, "packed-refs")]);
    const { told } = await watchFolders(places, directory, watchers);
    // What changed before the watchers were there is seen by a listing; what changes later wakes one of the two.
    if (await isChanged()) return;
    await Promise.race([told, looked([...places, join(directory, "packed-refs")], before, either), pause(ms, either)]);
    await delay(settlingMs, undefined, { signal });
  } finally {
    stop.abort();
    for (const watcher of watchers) watcher.close();
  }
}

/**
 * Resolves at the first event of these folders, or of the nearest above one that isn't there. In the repository's own folder only refs
 * matter: git's other files there change with every object and lock.
 */
async function watchFolders(
  places: readonly string[],
  directory: string,
  watchers: FSWatcher[],
): Promise<{ readonly told: Promise<void> }> {
  const found = new Set([directory]);
  for (const place of places) found.add(await nearestFolder(place));
  const told = new Promise<void>((resolve) => {
    for (const folder of found) {
      try {
        const watcher = watch(folder, { persistent: false }, (_event, name) => {
          if (folder !== directory || name === null || ["packed-refs", "refs"].includes(name)) resolve();
        });
        watcher.on("error", () => resolve());
        watchers.push(watcher);
      } catch {
        // It has gone since, or the system has no watchers left: the look every second is enough.
      }
    }
  });
  return { told };
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      if ((await stat(folder)).isDirectory()) return folder;
    } catch (error) {
      if (!isFileMissing(error) || dirname(folder) === folder) throw error;
    }
  }
}

async function fingerprint(paths: readonly string[]): Promise<string> {
  const times = paths.map(async (path) => {
    try {
      const { mtimeMs, ino } = await stat(path);
      return `${ino}:${mtimeMs}`;
    } catch {
      return "";
    }
  });
  return (await Promise.all(times)).join(" ");
}

async function looked(paths: readonly string[], before: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(lookMs, signal);
    if ((await fingerprint(paths)) !== before) return;
  }
}

/** Resolves when it is aborted too: the wait is over then, and whoever aborted says how. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Aborted.
  }
}
