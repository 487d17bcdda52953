import { maxQueuedAttempts } from "../run/bounds.ts";
import type { ReadHead } from "../run/head.ts";

/** The head of a run that lies in a queue, which people know as `called`: one of none, or of another, was not put there by a launch. */
export function readInQueue(read: ReadHead, queue: string, called: string): ReadHead {
  if (read.kind === "unreadable") return read;
  if (read.run.state === "queued" && read.run.attempt >= maxQueuedAttempts) {
    return { kind: "unreadable", why: `its ${called} has had ${read.run.attempt} attempts, and there are no more` };
  }
  if (read.run.queued?.queue === queue) return read;
  const what = read.run.queued === undefined ? "says nothing of a queue" : 'is of another queue at "queued.queue"';
  return { kind: "unreadable", why: `its ${called} ${what}` };
}
