import { LaunchError } from "../core/errors.ts";
import { type RunState, runStates } from "../run/states.ts";
import { didYouMean, suggestionFor } from "../spec/reading/suggestion.ts";
import type { ListedRun, Store } from "../stores/store.ts";

export type ListRequest = {
  readonly limit: number;
  /** Only runs in one of these states; those that can't be read have none, and are left out. */
  readonly states?: readonly RunState[];
  /** Only runs of this queue. */
  readonly queue?: string;
};

/** The store's runs, those of queues too, newest first. */
export async function listRuns(
  { limit, states, queue }: ListRequest,
  store: Store,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  if (states === undefined && queue === undefined) return store.list(limit, signal);
  const all = await store.list(Number.POSITIVE_INFINITY, signal);
  const wanted = all.filter(
    (item) =>
      item.kind === "run" &&
      (states === undefined || states.includes(item.run.state)) &&
      (queue === undefined || item.run.queued?.queue === queue),
  );
  return wanted.slice(0, limit);
}

/** States as a user names them, each alone or several with commas. Throws `bad-usage` for a word that is none. */
export function statesOf(texts: readonly string[], option: string): readonly RunState[] {
  const words = texts.flatMap((text) => text.split(",")).map((word) => word.trim());
  return words.map((word) => {
    const state = runStates.find((known) => known === word);
    if (state !== undefined) return state;
    const suggestion = suggestionFor(word, runStates);
    const hint = suggestion === undefined ? `; give ${runStates.join(", ")}` : didYouMean(suggestion);
    throw new LaunchError("bad-usage", `${option} "${word}" is no state of a run${hint}`);
  });
}
