import { type Asking, rankQueue, type RankedEntry } from "../../queueing/ranked-queue.ts";
import type { QueueEntry } from "../../stores/queue-store.ts";
import type { Agent, Served } from "../context.ts";
import { countedEntries } from "./counting.ts";

/** The waiting runs of all queues that can start now, or when the run `ending` has ended; in turn. */
export function candidates(served: Served, ending: string | undefined): readonly RankedEntry[] {
  const { agent, definitions } = served;
  if (served.snapshot === undefined) return [];
  const snapshot = { ...served.snapshot, entries: countedEntries(served, ending) };
  const asking = askingOf(agent);
  const ranked = definitions
    .served()
    .map((queue) =>
      rankQueue(queue, snapshot, asking).filter(
        ({ waitsFor, entry }) => waitsFor === undefined && !isLost(served, entry),
      ),
    );
  return ranked.length === 0 ? [] : inTurn(ranked, agent.turn % ranked.length);
}

/** What this agent has room and time for now. */
export function askingOf(agent: Agent): Asking {
  const { pool, services } = agent;
  return {
    agent: { total: pool.total, free: pool.free(), places: Number.POSITIVE_INFINITY, timeLeftMs: agent.timeLeftMs() },
    now: services.clock.now().getTime(),
  };
}

/** What was asked for in vain is left to others for a moment, unless it is waiting there as before after that. */
const lostForMs = 2_000;

export function isLost({ lost, agent }: Served, entry: QueueEntry): boolean {
  const atMs = lost.get(nameOf(entry));
  return atMs !== undefined && agent.services.clock.monotonicMs() - atMs < lostForMs;
}

/** What is asked for: a run at this version. */
export function nameOf({ queue, key, version }: QueueEntry): string {
  return `${queue}/${key}@${version}`;
}

/** The heads of several queues one after another, so that no queue waits for another to be empty; `first` begins. */
function inTurn<T>(queues: readonly (readonly T[])[], first: number): readonly T[] {
  const merged: T[] = [];
  const longest = Math.max(0, ...queues.map(({ length }) => length));
  for (let place = 0; place < longest; place++) {
    for (let i = 0; i < queues.length; i++) {
      const item = queues[(first + i) % queues.length]?.[place];
      if (item !== undefined) merged.push(item);
    }
  }
  return merged;
}
