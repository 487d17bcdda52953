import type { RunState } from "../core/run.ts";
import type { ListedRun, Store } from "../stores/store.ts";

export type ListRequest = {
  readonly limit: number;
  /** Only runs in one of these states; those that can't be read have none, and are left out. */
  readonly states?: readonly RunState[];
};

/** The store's runs, newest first. */
export async function listRuns(
  { limit, states }: ListRequest,
  store: Store,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  if (states === undefined) return store.list(limit, signal);
  const all = await store.list(Number.POSITIVE_INFINITY, signal);
  return all.filter((item) => item.kind === "run" && states.includes(item.run.state)).slice(0, limit);
}
