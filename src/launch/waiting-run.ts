import type { WaitingRun } from "../queues/order.ts";
import { parseKey } from "../queues/key.ts";
import type { QueueEntry } from "../stores/queue-store.ts";

/**
 * A waiting run as queues/order.ts ranks it. Its place and time are its key's, which the store gave it: what its head says of a time is
 * by the clock of whoever wrote it, and would let a run with a clock that is behind go before others.
 */
export function waitingRun({ key, run }: QueueEntry): WaitingRun {
  const { queued } = run;
  const parsed = parseKey(key);
  return {
    runId: run.run_id,
    priority: parsed?.priority ?? queued?.priority ?? 3,
    enqueuedAt: parsed?.time ?? Date.parse(queued?.enqueued_at ?? run.created_at),
    notBefore: queued?.not_before === undefined ? undefined : Date.parse(queued.not_before),
    slots: queued?.slots ?? {},
    submitter: run.by,
    timeoutMs: queued?.timeout_ms,
  };
}
