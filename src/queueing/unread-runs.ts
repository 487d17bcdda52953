import { LaunchError } from "../core/errors.ts";
import { parseKey } from "../queues/key.ts";
import { isFinal } from "../run/states.ts";
import type { QueueStore, UnreadableEntry } from "../stores/queue-store.ts";

/*
 * Entries of queues that can't be read. They are named by the run id in their key, or by the whole name where no launch made it, and what is
 * done with them is done by that alone: nothing of them is looked at.
 */

/** What people name it by. */
export function idOfUnread({ key }: UnreadableEntry): string {
  return parseKey(key)?.runId ?? key;
}

export function unreadNamed(name: string, unreadable: readonly UnreadableEntry[]): readonly UnreadableEntry[] {
  return unreadable.filter((entry) => idOfUnread(entry) === name);
}

export type MovedUnread = { readonly runId: string; readonly result: "moved" | "changed" };

/** Puts them among those that wait, or that have ended, as they are. Throws `unsupported` for a newer launch's that is at work. */
export async function moveUnread(
  entries: readonly UnreadableEntry[],
  { store, to }: { readonly store: QueueStore; readonly to: "waiting" | "ended" },
  signal: AbortSignal,
): Promise<readonly MovedUnread[]> {
  const moved: MovedUnread[] = [];
  for (const entry of entries) {
    refuseOthers(entry);
    moved.push({ runId: idOfUnread(entry), result: (await store.putUnread(entry, to, signal)) ? "moved" : "changed" });
  }
  return moved;
}

function refuseOthers(entry: UnreadableEntry): void {
  const { key, place, isNewer, why } = entry;
  if (place === undefined) {
    throw new LaunchError("bad-usage", `"${key}" is no run: ${why}; take it away with launch prune ${key}`);
  }
  if (place !== "leased" || isNewer !== true) return;
  const runId = idOfUnread(entry);
  throw new LaunchError("unsupported", `run "${runId}" is with an agent, and ${why}; use that launch to change it`);
}

/**
 * Removes from the store what these names stand for, whatever is in it: what can't be read, and what has ended. Returns the ids that are gone.
 * Throws `not-found`, or `bad-usage` for a run that can be read and has not ended.
 */
export async function removeNamed(
  names: readonly string[],
  store: QueueStore,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const before = await store.snapshot("all", signal);
  const unread = names.flatMap((name) => unreadNamed(name, before.unreadable));
  for (const entry of unread) if (entry.place !== undefined) refuseOthers(entry);
  for (const entry of unread) if (entry.place !== undefined) await store.putUnread(entry, "ended", signal);
  const listed = await store.list(Number.POSITIVE_INFINITY, signal);
  const versions = names.map((runId) => {
    const found = listed.find((item) => (item.kind === "run" ? item.run.run_id : item.runId) === runId);
    const foreign = unread.find((entry) => entry.key === runId);
    if (found === undefined && foreign === undefined)
      throw new LaunchError("not-found", `no run "${runId}" in ${store.location}`);
    if (found?.kind === "run" && !isFinal(found.run.state)) {
      throw new LaunchError("bad-usage", `run "${runId}" has not ended (${found.run.state}); cancel it first`);
    }
    return { runId, version: found?.version ?? foreign?.version ?? "" };
  });
  return store.remove(versions, signal);
}
