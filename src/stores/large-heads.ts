import { counted } from "../core/counted.ts";
import { largeHeadsBytes } from "../run/bounds.ts";
import type { QueueEntry, QueuePlace, QueueSnapshot } from "./queue-store.ts";

const ranks: Readonly<Record<QueuePlace, number>> = { leased: 0, waiting: 1, ended: 2 };

/**
 * A listing holds every small head, and of the large ones (entry → bytes) as many as it has room for: those that are under way, then those that
 * come first. The others are set aside until there is room: they would be too much for whoever looks, and are nothing that a launch makes.
 */
export function setLargeAside<Seen extends Pick<QueueSnapshot, "entries" | "unreadable">>(
  seen: Seen,
  large: ReadonlyMap<QueueEntry, number>,
): Seen {
  let sum = 0;
  for (const bytes of large.values()) sum += bytes;
  if (sum <= largeHeadsBytes) return seen;
  const order = [...large].sort(([a], [b]) => ranks[a.place] - ranks[b.place] || (a.key < b.key ? -1 : 1));
  const aside = new Map<QueueEntry, number>();
  let held = 0;
  for (const [entry, bytes] of order) {
    if (held + bytes <= largeHeadsBytes) held += bytes;
    else aside.set(entry, bytes);
  }
  const why = (bytes: number): string =>
    `its head has ${bytes} bytes, and ${counted(large.size - aside.size, "large head")} before it take all the room for such`;
  const unreadable = [...aside].map(([{ queue, key, version, place }, bytes]) => {
    return { queue, key, version, place, isReadable: true, why: why(bytes) };
  });
  return {
    ...seen,
    entries: seen.entries.filter((entry) => !aside.has(entry)),
    unreadable: [...seen.unreadable, ...unreadable],
  };
}
