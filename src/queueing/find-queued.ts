import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import { defaultQueue } from "../queues/definition.ts";
import { didYouMean, suggestionFor } from "../spec/reading/suggestion.ts";
import type { QueueEntry, QueueSnapshot, QueueStore, UnreadableEntry } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import { findRun } from "./find-run.ts";
import { unreadNamed } from "./unread-runs.ts";
import type { AwaitedRun } from "./wait-runs.ts";

/** More ids than these in an error message help nobody. */
const shownMatches = 5;

export type QueuedRequest = {
  readonly names: readonly string[];
  /** Also all others of their groups. */
  readonly withGroups?: boolean;
};

export type FoundQueued = {
  readonly entries: readonly QueueEntry[];
  /** Those of the names that stand for what can't be read. */
  readonly unread: readonly UnreadableEntry[];
  readonly snapshot: QueueSnapshot;
};

/** A store's queues as they were looked at. */
export type SeenQueues = { readonly store: QueueStore; readonly entries: readonly QueueEntry[] };

/**
 * The queues' runs that a user names: by id, by the start of one, or all of a group. Throws `not-found`, or `bad-usage` for the start of
 * several runs and for a run that no queue has any more.
 */
export async function findQueued(
  { names, withGroups = false }: QueuedRequest,
  store: QueueStore,
  signal: AbortSignal,
): Promise<FoundQueued> {
  const snapshot = await store.snapshot("all", signal);
  const found = new Map<string, QueueEntry>();
  const unread = new Set<UnreadableEntry>();
  for (const name of names) {
    const matches = matchesOf(name, snapshot.entries);
    const others = matches.length === 0 ? unreadNamed(name, snapshot.unreadable) : [];
    for (const entry of others) unread.add(entry);
    if (others.length > 0) continue;
    if (matches.length === 0) throw await whyNot(name, { store, entries: snapshot.entries }, signal);
    const groups = withGroups ? new Set(matches.flatMap(({ run }) => run.queued?.group ?? [])) : new Set<string>();
    const members = snapshot.entries.filter(({ run }) => groups.has(run.queued?.group ?? ""));
    for (const entry of [...matches, ...members]) found.set(entry.run.run_id, entry);
  }
  return { entries: [...found.values()], unread: [...unread], snapshot };
}

/** The runs that a user names to be waited for: also those that have left their queue, or were never in one. */
export async function findAwaited(
  wanted: readonly string[],
  store: QueueStore,
  signal: AbortSignal,
): Promise<readonly AwaitedRun[]> {
  const { entries } = await store.snapshot("all", signal);
  const found = new Map<string, AwaitedRun>();
  const add = ({ run_id: runId, queued }: RunHead): void => {
    found.set(runId, { runId, queue: queued?.queue ?? defaultQueue });
  };
  for (const name of wanted) {
    const group = await wholeGroup(name, { store, entries }, signal);
    const matches = group.length > 0 ? group : matchesOf(name, entries).map(({ run }) => run);
    for (const run of matches) add(run);
    if (matches.length === 0) add((await findRun(name, store, signal)).run);
  }
  return [...found.values()];
}

/** All runs of a group, those that were folded away too; none where nothing is of such a group. */
export async function wholeGroup(
  name: string,
  { store, entries }: SeenQueues,
  signal: AbortSignal,
): Promise<readonly RunHead[]> {
  const isOne = entries.some(({ run }) => run.run_id === name);
  if (isOne || name === "") return [];
  const listed = await store.list(Number.POSITIVE_INFINITY, signal);
  const runs = listed.flatMap((item) => (item.kind === "run" && item.run.queued?.group === name ? [item.run] : []));
  // Listed with the newest first; a group was made in the order of its variants.
  return runs.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

function matchesOf(name: string, entries: readonly QueueEntry[]): readonly QueueEntry[] {
  const whole = entries.filter(({ run }) => run.queued?.group === name);
  if (whole.length > 0) return whole;
  const exact = entries.find(({ run }) => run.run_id === name);
  if (exact !== undefined) return [exact];
  const starts = name === "" ? [] : entries.filter(({ run }) => run.run_id.startsWith(name));
  if (starts.length === 1) return starts;
  if (starts.length > 1) {
    const ids = starts.slice(0, shownMatches).map(({ run }) => run.run_id);
    const more = starts.length > shownMatches ? ` and ${starts.length - shownMatches} more` : "";
    throw new LaunchError(
      "bad-usage",
      `"${name}" is the start of ${starts.length} runs: ${ids.join(", ")}${more}; give more of it, or the name of a group`,
    );
  }
  const groups = new Set(
    entries.flatMap(({ run }) => run.queued?.group ?? []).filter((group) => name !== "" && group.startsWith(name)),
  );
  const [start] = groups;
  return start !== undefined && groups.size === 1 ? entries.filter(({ run }) => run.queued?.group === start) : [];
}

/** A run that no queue has may have been there. */
async function whyNot(name: string, seen: SeenQueues, signal: AbortSignal): Promise<LaunchError> {
  const { store, entries } = seen;
  const [member] = await wholeGroup(name, seen, signal);
  if (member !== undefined) {
    return new LaunchError(
      "bad-usage",
      `the runs of group "${name}" have ended, and are in the history of queue ${member.queued?.queue ?? ""}`,
    );
  }
  try {
    return goneError((await findRun(name, store, signal)).run);
  } catch (error) {
    if (!(error instanceof LaunchError) || error.code !== "not-found") throw error;
  }
  const known = entries.map(({ run }) => run.run_id);
  const suggestion = suggestionFor(name, known);
  const hint =
    suggestion === undefined ? "; launch queue show QUEUE has those that wait or run" : didYouMean(suggestion);
  return new LaunchError("not-found", `no run or group "${name}" in a queue${hint}`);
}

function goneError({ run_id: runId, state, queued }: RunHead): LaunchError {
  if (queued === undefined) {
    const where = isFinal(state) ? `it has ended (${state})` : "end it where it was started";
    return new LaunchError("bad-usage", `run "${runId}" is held by no queue; ${where}`);
  }
  return new LaunchError(
    "bad-usage",
    `run "${runId}" has ended (${state}), and is in the history of queue ${queued.queue}; run it again: ${formatCommandLine(["launch", "run", "-q", queued.queue])} -c "$(${formatCommandLine(["launch", "show", runId, "--spec"])})"`,
  );
}
