import { parseKey } from "../../../queues/key.ts";
import type { QueueEntry, QueueSnapshot } from "../../queue-store.ts";

/**
 * An id is of one queue of a store: who enqueues sees that, and two who do so at once, or who write refs by hand, may not. Of two runs of one
 * id that have not ended the later is set aside, until the other has ended: whoever names one of them by its id means the one that is there.
 */
export function setSecondsAside<Seen extends Pick<QueueSnapshot, "entries" | "unreadable">>(seen: Seen): Seen {
  const firsts = new Map<string, QueueEntry>();
  for (const entry of seen.entries) {
    if (entry.place === "ended") continue;
    const other = firsts.get(entry.run.run_id);
    if (other === undefined || isBefore(entry, other)) firsts.set(entry.run.run_id, entry);
  }
  const isFirst = (entry: QueueEntry): boolean => entry.place === "ended" || firsts.get(entry.run.run_id) === entry;
  const entries = seen.entries.filter(isFirst);
  if (entries.length === seen.entries.length) return seen;
  const aside = seen.entries
    .filter((entry) => !isFirst(entry))
    .map(({ queue, key, version, place, run }) => {
      const first = firsts.get(run.run_id)?.queue ?? "";
      return {
        queue,
        key,
        version,
        place,
        isReadable: true,
        why: `queue "${first}" has a run of the same id, which was there before`,
      };
    });
  return { ...seen, entries, unreadable: [...seen.unreadable, ...aside] };
}

/** What is under way was first, whatever the keys say. */
function isBefore(one: QueueEntry, other: QueueEntry): boolean {
  if (one.place !== other.place) return one.place === "leased";
  const [time, otherTime] = [one, other].map(({ key }) => parseKey(key)?.time ?? 0);
  if (time !== undefined && otherTime !== undefined && time !== otherTime) return time < otherTime;
  return one.queue < other.queue;
}
