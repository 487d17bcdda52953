import { parseTimeText, runIdPattern, timeText } from "../run/run-id.ts";

/*
 * A run's key in its queue: priority, time, run id (`1-01jdb0v7zk-digits-…`, at most 53 characters). The order of the names is the
 * order of the queue, so that a listing by name needs no look at the runs themselves.
 */
export type QueuePriority = 0 | 1 | 2 | 3;

export type QueueKey = {
  readonly priority: QueuePriority;
  /** ms since the epoch; orders runs of one priority, and is no safe statement of when anything happened. */
  readonly time: number;
  readonly runId: string;
};

export function formatKey({ priority, time, runId }: QueueKey): string {
  return `${priority}-${timeText(time)}-${runId}`;
}

/** The parts of a key; undefined for a name that no launch made. */
export function parseKey(text: string): QueueKey | undefined {
  const match = /^([0-3])-([0-9a-z]{10})-(.+)$/.exec(text);
  const [, priority = "", timePart = "", runId = ""] = match ?? [];
  const time = parseTimeText(timePart);
  if (time === undefined || !runIdPattern.test(runId)) return undefined;
  return { priority: priorityOf(priority), time, runId };
}

function priorityOf(digit: string): QueuePriority {
  return digit === "0" ? 0 : digit === "1" ? 1 : digit === "2" ? 2 : 3;
}

/** No clock is off by more: a key of a later time is last by its own doing, and moves nobody else. */
const furthestAheadMs = 24 * 3_600_000;

/** The time of the next key of this priority: later than the newest there, so that a clock that goes back reorders nothing; else now. */
export function nextKeyTime(keys: Iterable<QueueKey>, priority: QueuePriority, now: number): number {
  let time = now;
  for (const key of keys) {
    if (key.priority === priority && key.time >= time && key.time <= now + furthestAheadMs) time = key.time + 1;
  }
  return time;
}
