import { crc32 } from "node:zlib";

/** Which of the agents at work this one is. */
export type Share = { readonly rank: number; readonly agents: number };

/** So many runs at the head for each agent: with fewer many would have none of their own, with more the order would count for less. */
const windowPerAgent = 3;

/**
 * The first of a queue, shared out: each agent begins with the run that falls to it by its id, then takes those of the agents behind it, each
 * in the queue's order. Places in the list would not do: they shift with each run that another takes, and agents would meet.
 */
export function ownFirst<T>(items: readonly T[], idOf: (item: T) => string, { rank, agents }: Share): readonly T[] {
  const head = items.slice(0, windowPerAgent * agents);
  const distance = (item: T): number => (crc32(idOf(item)) + agents - rank) % agents;
  return [...head.toSorted((a, b) => distance(a) - distance(b)), ...items.slice(head.length)];
}
