import { messageOf } from "../core/errors.ts";
import { quoted, say } from "../core/output/said.ts";
import { lookUpDefinition } from "../queueing/queue-definitions.ts";
import type { QueueLookUp } from "../spec/resolve/resolution.ts";
import type { DefinedQueue } from "../queueing/ranked-queue.ts";
import type { AgentServices, ServedStore } from "./request.ts";

/** The definitions of the queues that an agent serves in a store, looked up again now and then. */
export type Definitions = {
  /** Looks up what is old. A store that can't be reached leaves what was known. */
  refresh(signal: AbortSignal): Promise<void>;
  /** The queues that can be served. One that is gone or faulty is not, and people are told once. */
  served(): readonly DefinedQueue[];
  of(queue: string): QueueLookUp;
};

const freshForMs = 10_000;

/** What the last poll has seen of them is as good as a look. */
const mayBeOldMs = 5_000;

export function definitionsOf(
  { store, queues }: Pick<ServedStore, "store" | "queues">,
  { log, clock }: Pick<AgentServices, "log" | "clock">,
): Definitions {
  const known = new Map<string, QueueLookUp>();
  const told = new Map<string, string>();
  let readMs: number | undefined;
  const tell = (queue: string, found: QueueLookUp): void => {
    const words = wordsOf(queue, found);
    if (words !== told.get(queue) && words !== "") log.warning(quoted(words));
    told.set(queue, words);
  };
  return {
    refresh: async (signal) => {
      if (readMs !== undefined && clock.monotonicMs() - readMs < freshForMs) return;
      for (const queue of queues) {
        try {
          const found = await lookUpDefinition({ queue, mayBeOldMs }, store, signal);
          known.set(queue, found);
          tell(queue, found);
        } catch (error) {
          signal.throwIfAborted();
          log.debug(say`the definition of queue "${queue}" could not be read: ${messageOf(error)}`);
        }
      }
      readMs = clock.monotonicMs();
    },
    served: () =>
      queues.flatMap((name) => {
        const found = known.get(name);
        return found?.kind === "definition" ? [{ name, definition: found.definition }] : [];
      }),
    of: (queue) => known.get(queue) ?? { kind: "missing", known: [] },
  };
}

function wordsOf(queue: string, found: QueueLookUp): string {
  if (found.kind === "missing") return `there is no queue "${queue}" any more, so nothing is taken from it`;
  if (found.kind === "definition") return "";
  const [first] = found.faults;
  return `nothing is taken from queue "${queue}": its definition is faulty (${first?.message ?? ""})`;
}
