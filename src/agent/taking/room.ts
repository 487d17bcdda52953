import { countOf, type Slots } from "../../queues/order.ts";
import { type Agent, holdsOf, type Served } from "../context.ts";
import type { QueueEntry } from "../../stores/queue-store.ts";
import { type Candidate, candidates, couldStart } from "./candidates.ts";
import type { Holding } from "./slots.ts";

/*
 * Slots and places are the machine's, and the queues of all stores take turns at them. Each store's loop takes that store's runs alone; what
 * others' runs, whose turn is before, can have is left to them, and they are told.
 */
export type Room = {
  readonly places: number;
  readonly free: Slots;
  /** The first of the store's runs that can start in it, as far as has been seen. */
  readonly next: Candidate | undefined;
};

/** What there is for a store's next run, now or when its run `ending` has ended. */
export function roomFor(served: Served, ending?: string): Room {
  const { agent } = served;
  let places = placesOf(agent);
  let free = agent.pool.free();
  // A store that chooses by itself, and shares with nobody, is not to be second-guessed.
  if (places <= 0 || (agent.stores.length === 1 && served.store.picks !== undefined)) {
    return { places, free, next: undefined };
  }
  const all = candidates(served, ending);
  const first = new Set<Served>();
  for (const next of all) {
    const wanted = next.entry.run.queued?.slots ?? {};
    if (Object.entries(wanted).some(([name, count]) => count > countOf(free, name))) continue;
    if (next.served === served) return { places, free, next };
    first.add(next.served);
    free = less(free, wanted);
    if (--places <= 0) break;
  }
  if (first.size > 0 && all.some((each) => each.served === served)) {
    served.waitsItsTurn = true;
    for (const other of first) other.waking.wake();
  }
  return { places, free, next: undefined };
}

/** Slots for a run that is leased to this agent and was not begun, where it could be taken now if it waited. */
export function slotsForLeased(served: Served, entry: QueueEntry): Holding | undefined {
  const { agent } = served;
  if (placesOf(agent) <= 0 || !couldStart(served, entry)) return undefined;
  return agent.pool.take(entry.run.queued?.slots ?? {});
}

/** Has those look again that left room to others: it was taken, or nobody wanted it. */
export function tellWhoWaits(served: Served): void {
  for (const other of served.agent.stores) {
    if (other === served || !other.waitsItsTurn) continue;
    other.waitsItsTurn = false;
    other.waking.wake();
  }
}

function placesOf(agent: Agent): number {
  if (agent.mode() !== "working") return 0;
  const active = holdsOf(agent).filter((hold) => hold.isActive()).length;
  const claiming = agent.stores.reduce((sum, served) => sum + served.claiming, 0);
  return agent.request.maxJobs - active - claiming;
}

function less(free: Slots, wanted: Slots): Slots {
  return Object.fromEntries(Object.entries(free).map(([name, count]) => [name, count - countOf(wanted, name)]));
}
