import { waitingRun } from "../launch/waiting-run.ts";
import { rank, type RankRequest, type Ranked } from "../queues/order.ts";
import type { QueueDefinition } from "../queues/definition.ts";
import type { PickRequest, QueueEntry, QueueSnapshot } from "../stores/queue-store.ts";

/** A queue that this agent serves, as its definition is now. */
export type ServedQueue = { readonly name: string; readonly definition: QueueDefinition };

export type RankedEntry = Ranked & { readonly entry: QueueEntry };

/** The waiting runs of one queue in their order, each with what it waits for. */
export function rankQueue(
  { name, definition }: ServedQueue,
  snapshot: QueueSnapshot,
  agent: RankRequest["agent"],
  now: number,
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
    now,
    agent,
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

/** The heads of several queues one after another, so that no queue waits for another to be empty; `first` begins. */
export function inTurn<T>(queues: readonly (readonly T[])[], first: number): readonly T[] {
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
