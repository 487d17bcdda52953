import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { QueueDefinition } from "../queues/definition.ts";
import type { QueueReport } from "../reporting/queue-report.ts";
import type { WithDefinitions } from "../stores/definition-store.ts";
import type { QueueSnapshot, QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../run/head.ts";
import { definitionOf } from "./queue-definitions.ts";
import { queueReport } from "./queue-view.ts";

/*
 * Queues as people see them, from one snapshot however many are looked at. What of a queue changes seldom (its definition, how long its
 * runs last) is asked for once, and again after a while or when a run has left its agent.
 */
export type QueueViewer = {
  /** One look at the store, and what the reports of these queues need besides it. */
  look(queues: readonly string[], signal: AbortSignal): Promise<QueueSnapshot>;
  /** The report as of now. */
  report(queue: string, snapshot: QueueSnapshot): QueueReport;
};

/** So many ended runs say how long a run lasts. */
const durationsFrom = 50;
const freshMs = 60_000;

type Facts = {
  readonly definition: QueueDefinition | undefined;
  readonly history: readonly RunHead[];
  /** What was with agents when this was asked for. */
  readonly running: string | undefined;
  readonly atMs: number;
};

export function queueViewer(store: QueueStore & WithDefinitions, clock: Clock): QueueViewer {
  const facts = new Map<string, Facts>();
  const load = async (queue: string, signal: AbortSignal): Promise<void> => {
    const [definition, history] = await Promise.all([
      presentDefinition(queue, store, signal),
      store.history(queue, durationsFrom, signal),
    ]);
    facts.set(queue, { definition, history, running: undefined, atMs: clock.monotonicMs() });
  };
  return {
    look: async (queues, signal) => {
      const unknown = queues.filter((queue) => !facts.has(queue));
      const [snapshot] = await Promise.all([
        store.snapshot(queues, signal),
        ...unknown.map((queue) => load(queue, signal)),
      ]);
      for (const queue of queues) {
        const running = leasedOf(queue, snapshot);
        const known = facts.get(queue);
        if (known === undefined) continue;
        const fresh = clock.monotonicMs() - known.atMs < freshMs;
        if (!fresh || (known.running !== undefined && known.running !== running)) await load(queue, signal);
        facts.set(queue, { ...(facts.get(queue) ?? known), running });
      }
      return snapshot;
    },
    report: (queue, snapshot) => {
      const { definition, history = [] } = facts.get(queue) ?? {};
      return queueReport({ queue, definition, history, snapshot, now: clock.now().getTime() });
    },
  };
}

function leasedOf(queue: string, { entries }: QueueSnapshot): string {
  const leased = entries.filter((entry) => entry.queue === queue && entry.place === "leased");
  return leased.map(({ run }) => run.run_id).join(" ");
}

/** Undefined for a queue that has no definition any more. */
async function presentDefinition(
  queue: string,
  store: QueueStore & WithDefinitions,
  signal: AbortSignal,
): Promise<QueueDefinition | undefined> {
  try {
    return await definitionOf(queue, store, signal);
  } catch (error) {
    if (error instanceof LaunchError && error.code === "not-found") return undefined;
    throw error;
  }
}
