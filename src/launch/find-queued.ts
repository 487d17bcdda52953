import { LaunchError } from "../core/errors.ts";
import { didYouMean, suggestionFor } from "../spec/suggestion.ts";
import type { QueueEntry, QueueSnapshot, QueueStore } from "../stores/queue-store.ts";

/**
 * The queues' runs that a user names: by id, by the start of one, or all of a group. Throws `not-found`, or `bad-usage` for the start of
 * several runs.
 */
export async function findQueued(
  wanted: readonly string[],
  store: QueueStore,
  signal: AbortSignal,
): Promise<{ readonly entries: readonly QueueEntry[]; readonly snapshot: QueueSnapshot }> {
  const snapshot = await store.snapshot("all", signal);
  const found = new Map<string, QueueEntry>();
  for (const name of wanted) {
    for (const entry of matchesOf(name, snapshot.entries)) found.set(entry.run.run_id, entry);
  }
  if (wanted.length > 0 && found.size === 0) throw new LaunchError("not-found", "no runs were named");
  return { entries: [...found.values()], snapshot };
}

function matchesOf(name: string, entries: readonly QueueEntry[]): readonly QueueEntry[] {
  const whole = entries.filter(({ run }) => run.queued?.group === name);
  if (whole.length > 0) return whole;
  const exact = entries.find(({ run }) => run.run_id === name);
  if (exact !== undefined) return [exact];
  const starts = name === "" ? [] : entries.filter(({ run }) => run.run_id.startsWith(name));
  if (starts.length === 1) return starts;
  if (starts.length > 1) {
    const shown = starts.slice(0, 5).map(({ run }) => run.run_id);
    const more = starts.length > 5 ? ` and ${starts.length - 5} more` : "";
    throw new LaunchError(
      "bad-usage",
      `"${name}" is the start of ${starts.length} runs: ${shown.join(", ")}${more}; give more of it, or the name of a group`,
    );
  }
  const groups = new Set(
    entries.flatMap(({ run }) => run.queued?.group ?? []).filter((group) => name !== "" && group.startsWith(name)),
  );
  const [start] = groups;
  if (start !== undefined && groups.size === 1) return entries.filter(({ run }) => run.queued?.group === start);
  const known = entries.map(({ run }) => run.run_id);
  const suggestion = suggestionFor(name, known);
  const hint =
    suggestion === undefined ? "; launch queue show QUEUE has those that wait or run" : didYouMean(suggestion);
  throw new LaunchError("not-found", `no run or group "${name}" in a queue${hint}`);
}
