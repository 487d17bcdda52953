import type { ClaimRequest, QueueEntry, QueueSnapshot } from "../../stores/queue-store.ts";
import type { Served } from "../context.ts";

/*
 * What counts against a queue's limits, as far as this agent knows: its last snapshot, and what it has taken and ended itself since. A
 * claim from a queue with limits names the turn of that count, so that the store refuses it when another was taken meanwhile.
 */

/** The snapshot's runs with what this agent holds as taken; without the one that is being ended with the claim. */
export function countedEntries({ snapshot, holds }: Served, ending: string | undefined): readonly QueueEntry[] {
  return (snapshot?.entries ?? []).flatMap((entry) => {
    const { run_id: runId } = entry.run;
    if (runId === ending) return [];
    return entry.place === "waiting" && holds.has(runId) ? [{ ...entry, place: "leased" }] : [entry];
  });
}

/** What a claim from this queue has to name; nothing where the queue has no limits, or the store counts by itself. */
export function countedIn(served: Served, queue: string): Pick<ClaimRequest, "counted"> {
  const { running, running_per_submitter: each } =
    served.definitions.served().find(({ name }) => name === queue)?.definition.limits ?? {};
  const turns = turnsOf(served);
  if (turns === undefined || (running === undefined && each === undefined)) return {};
  return { counted: { turn: turns.get(queue) } };
}

/** A claim of our own is counted without another look. */
export function noteTurn(served: Served, queue: string, turn: string | undefined): void {
  if (turn !== undefined) turnsOf(served)?.set(queue, turn);
}

function turnsOf(served: Served): Map<string, string> | undefined {
  const { snapshot } = served;
  if (snapshot?.turns === undefined) return undefined;
  if (served.counted?.snapshot === snapshot) return served.counted.turns;
  served.counted = { snapshot, turns: new Map(snapshot.turns) };
  return served.counted.turns;
}

/** A count of one snapshot. */
export type Counted = { readonly snapshot: QueueSnapshot; readonly turns: Map<string, string> };
