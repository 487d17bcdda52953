import { type Asking, type DefinedQueue, rankQueue, type RankedEntry } from "../../queueing/ranked-queue.ts";
import type { QueueEntry } from "../../stores/queue-store.ts";
import type { Agent, Served } from "../context.ts";
import { countedEntries } from "./counting.ts";
import { ownFirst, type Share } from "./own-share.ts";

/** A waiting run that can start now, and the store that it is of. */
export type Candidate = RankedEntry & { readonly served: Served };

/**
 * The waiting runs of all stores that can start now, or when this store's run `ending` has ended: the head of each queue in turn, then those
 * behind them. In the place of a store that has been in a race stand those that fall to this agent, so that agents don't meet again.
 */
export function candidates(served: Served, ending: string | undefined): readonly Candidate[] {
  const { agent } = served;
  const queues = queuesOf(agent).map(({ of, name }) => {
    return of === served || isThere(of) ? candidatesOf(of, name, of === served ? ending : undefined) : [];
  });
  const all = inTurn(queues, agent.turn);
  const shared = new Map(
    agent.stores.filter(races).map((of) => {
      const own = all.filter((each) => each.served === of);
      return [of, ownFirst(own, ({ run }) => run.runId, shareOf(of)).values()] as const;
    }),
  );
  return all.map((each) => shared.get(each.served)?.next().value ?? each);
}

/** Those of one queue, in its order. */
export function candidatesOf(served: Served, queue: string, ending?: string): readonly Candidate[] {
  const { agent, definitions } = served;
  const defined = definitions.served().find(({ name }) => name === queue);
  if (served.snapshot === undefined || defined === undefined) return [];
  const snapshot = { ...served.snapshot, entries: countedEntries(served, ending) };
  return rankQueue(defined, snapshot, askingOf(agent)).flatMap((ranked) => {
    return ranked.waitsFor === undefined && !isLost(served, ranked.entry) ? [{ ...ranked, served }] : [];
  });
}

/** Whether a run that is leased could start by the rules of its queue, if it waited: by its limits, its time and its slots, and that it isn't paused. */
export function couldStart({ snapshot, definitions, agent }: Served, { queue, key }: QueueEntry): boolean {
  const defined = definitions.served().find(({ name }) => name === queue);
  if (snapshot === undefined || defined === undefined) return false;
  const isMeant = (entry: QueueEntry): boolean => entry.queue === queue && entry.key === key;
  const entries = snapshot.entries.map((entry) => (isMeant(entry) ? { ...entry, place: "waiting" as const } : entry));
  return rankQueue(defined, { ...snapshot, entries }, askingOf(agent)).some(
    ({ entry, waitsFor }) => isMeant(entry) && waitsFor === undefined,
  );
}

/** What this agent has room and time for now. */
export function askingOf(agent: Agent): Asking {
  const { pool, services } = agent;
  return {
    agent: { total: pool.total, free: pool.free(), places: Number.POSITIVE_INFINITY, timeLeftMs: agent.timeLeftMs() },
    now: services.clock.now().getTime(),
  };
}

/** A store's queues that can be served, the one whose turn it is first. */
export function definedInTurn(served: Served): readonly DefinedQueue[] {
  const { agent } = served;
  const defined = served.definitions.served();
  const order = queuesOf(agent).map(({ of, name }) => {
    return of === served ? defined.filter((queue) => queue.name === name) : [];
  });
  return inTurn(order, agent.turn);
}

/** The turn after that of a store's queue. */
export function turnAfter(served: Served, queue: string): number {
  const queues = queuesOf(served.agent);
  return (queues.findIndex(({ of, name }) => of === served && name === queue) + 1) % queues.length;
}

function queuesOf({ stores }: Agent): readonly { readonly of: Served; readonly name: string }[] {
  return stores.flatMap((of) => of.queues.map((name) => ({ of, name })));
}

/** A store that has kept its loop for longer has no turn until it answers. */
const stuckAfterMs = 5_000;

function isThere({ patience, busySinceMs, agent }: Served): boolean {
  const busyMs = busySinceMs === undefined ? 0 : agent.services.clock.monotonicMs() - busySinceMs;
  return !patience.isAway() && busyMs < stuckAfterMs;
}

/** Agents that met once are at work on the same runs, and would meet again for a while. */
const racesForMs = 30_000;

function races({ racedMs, agent }: Served): boolean {
  return racedMs !== undefined && agent.services.clock.monotonicMs() - racedMs < racesForMs;
}

function shareOf({ snapshot, agent }: Served): Share {
  const { agent: own } = agent.request;
  const others = (snapshot?.agents ?? []).map(({ beat }) => beat.agent).filter((id) => id !== own);
  return { rank: others.filter((id) => id < own).length, agents: others.length + 1 };
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
