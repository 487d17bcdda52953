import { countOf, type Slots } from "../../queues/order.ts";
import type { QueueEntry, QueueSnapshot } from "../../stores/queue-store.ts";
import type { Served } from "../context.ts";
import { isLost } from "./candidates.ts";

/**
 * Waiting runs that ask for more than any agent of their queue has: they are taken all the same, and refused with the reason. Those that were
 * asked for in vain just now are left out.
 */
export function impossibleRuns(served: Served): readonly QueueEntry[] {
  const { snapshot, definitions } = served;
  if (snapshot === undefined) return [];
  const queues = definitions.served().filter(({ name }) => !snapshot.paused.includes(name));
  const agents = new Map(queues.map(({ name }) => [name, agentsOf(served, snapshot, name)]));
  return snapshot.entries.filter((entry) => {
    const everybody = entry.place === "waiting" ? agents.get(entry.queue) : undefined;
    if (everybody === undefined || served.holds.has(entry.run.run_id)) return false;
    const wanted = Object.entries(entry.run.queued?.slots ?? {});
    const fits = (total: Slots): boolean => wanted.every(([slot, count]) => count <= countOf(total, slot));
    return !everybody.some(fits) && !isLost(served, entry);
  });
}

/** What each agent of a queue has in all. */
function agentsOf({ agent, liveness }: Served, { agents }: QueueSnapshot, queue: string): readonly Slots[] {
  const others = agents
    .filter(({ beat }) => beat.queues.includes(queue) && liveness.of(beat).kind !== "expired")
    .map(({ beat }) => Object.fromEntries(Object.entries(beat.slots).map(([slot, { total }]) => [slot, total])));
  return [agent.pool.total, ...others];
}
