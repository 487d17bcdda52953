import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { parseKey } from "../queues/key.ts";
import { isFinal } from "../run/states.ts";
import type { RunHead } from "../run/head.ts";
import { mayBeAtWork, type QueueStore, type UnreadableEntry } from "../stores/queue-store.ts";
import { idOf, type ListedRun } from "../stores/store.ts";

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

/** Puts it among those that wait, or that have ended, as it is. Throws `unsupported` for what may be at work. */
export async function moveUnread(
  entry: UnreadableEntry,
  { store, to }: { readonly store: QueueStore; readonly to: "waiting" | "ended" },
  signal: AbortSignal,
): Promise<"moved" | "changed"> {
  refuseOthers(entry);
  return (await store.putUnread(entry, to, signal)) ? "moved" : "changed";
}

function refuseOthers(entry: UnreadableEntry): void {
  const { key, place, why } = entry;
  if (place === undefined) {
    throw new LaunchError(
      "bad-usage",
      `"${key}" is no run: ${why}; take it away with ${formatCommandLine(["launch", "prune", key])}`,
    );
  }
  refuseAtWork(entry);
}

function refuseAtWork(entry: UnreadableEntry): void {
  if (!mayBeAtWork(entry)) return;
  const runId = idOfUnread(entry);
  const todo = entry.isNewer === true ? "use that launch to change it" : "end that one first";
  throw new LaunchError("unsupported", `run "${runId}" is with an agent, and ${entry.why}; ${todo}`);
}

/**
 * Removes from the store what these names stand for, whatever is in it: what can't be read, and what has ended. Returns the ids that are gone.
 * Throws, and then has changed nothing: `not-found`, or `bad-usage` for a run that can be read and has not ended.
 */
export async function removeNamed(
  names: readonly string[],
  store: QueueStore,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { entries, unreadable } = await store.snapshot("all", signal);
  const unread = names.flatMap((name) => unreadNamed(name, unreadable));
  const listed = await store.list(Number.POSITIVE_INFINITY, signal);
  for (const name of names) {
    for (const { run } of entries) if (run.run_id === name) refuseUnended(run);
    for (const item of listedAs(name, listed)) if (item.kind === "run") refuseUnended(item.run);
    if (listedAs(name, listed).length === 0 && !unread.some((entry) => idOfUnread(entry) === name))
      throw new LaunchError("not-found", `no run "${name}" in ${store.location}`);
  }
  unread.forEach(refuseAtWork);
  const moving = unread.filter(({ place }) => place !== undefined && place !== "ended");
  for (const entry of moving) await store.putUnread(entry, "ended", signal);
  const now = moving.length === 0 ? listed : await store.list(Number.POSITIVE_INFINITY, signal);
  const versions = names.map((runId) => {
    const [found] = listedAs(runId, now);
    const foreign = unread.find((entry) => entry.key === runId);
    return { runId, version: found?.version ?? foreign?.version ?? "" };
  });
  return store.remove(versions, signal);
}

function listedAs(name: string, listed: readonly ListedRun[]): readonly ListedRun[] {
  return listed.filter((item) => idOf(item) === name);
}

function refuseUnended({ run_id: runId, state }: RunHead): void {
  if (isFinal(state)) return;
  throw new LaunchError("bad-usage", `run "${runId}" has not ended (${state}); cancel it first`);
}
