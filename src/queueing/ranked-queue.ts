import type { QueueDefinition } from "../queues/definition.ts";
import { parseKey } from "../queues/key.ts";
import { rank, type Ranked, type RankRequest, type WaitingRun } from "../queues/order.ts";
import type { PickRequest, QueueEntry, QueueSnapshot } from "../stores/queue-store.ts";

/** A queue as its definition is now. */
export type DefinedQueue = { readonly name: string; readonly definition: QueueDefinition };

/** For whom they are ranked, and when. */
export type Asking = Pick<RankRequest, "agent" | "now">;

export type RankedEntry = Ranked & { readonly entry: QueueEntry };

/** The waiting runs of one queue in their order, each with what it waits for. */
export function rankQueue(
  { name, definition }: DefinedQueue,
  snapshot: QueueSnapshot,
  asking: Asking,
): readonly RankedEntry[] {
  const own = snapshot.entries.filter(({ queue }) => queue === name);
  const waiting = new Map(
    own.filter(({ place }) => place === "waiting").map((entry) => [entry.run.run_id, entry] as const),
  );
  const running = own.filter(({ place }) => place === "leased");
  // A run of a newer launch takes its place too, whoever it is of.
  const newer = snapshot.unreadable.filter((entry) => entry.queue === name && entry.place === "leased");
  const ranked = rank({
    waiting: [...waiting.values()].map(waitingRun),
    running: [
      ...running.map(({ run }) => ({ runId: run.run_id, submitter: run.by })),
      ...newer.map(({ key }) => ({ runId: key, submitter: "" })),
    ],
    ...rulesOf(definition),
    paused: snapshot.paused.includes(name),
    ...asking,
  });
  return ranked.flatMap((item) => {
    const entry = waiting.get(item.run.runId);
    return entry === undefined ? [] : [{ ...item, entry }];
  });
}

/** Order and limits, as order.ts and the stores that pick by themselves want them. */
export function rulesOf({ order, ageing, limits }: QueueDefinition): Pick<PickRequest, "order" | "limits"> {
  return {
    order: { mode: order, ageingMs: ageing },
    limits: { running: limits.running, runningPerSubmitter: limits.running_per_submitter },
  };
}

/**
 * A waiting run as queues/order.ts ranks it. Its place and time are its key's, which the store gave it: what its head says of a time is
 * by the clock of whoever wrote it, and would let a run with a clock that is behind go before others.
 */
function waitingRun({ key, run }: QueueEntry): WaitingRun {
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
