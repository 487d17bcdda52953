import { listen } from "../../clients/postgres/listener.ts";
import type { Log } from "../../core/output/log.ts";
import { say } from "../../core/output/said.ts";

/*
 * What the server tells of queues that changed, heard on a connection of its own. A change that nobody waited for is remembered until
 * the next look at its queue, so that nothing falls between a look and a wait. After each (re)connection everything may have changed.
 */
export type Changes = {
  /** Somebody is about to look at these: what changed before is no news. */
  looking(queues: readonly string[] | "all"): void;
  /** Resolves at a change of these, and after `ms` in any case. Rejects with the signal's reason. */
  wait(queues: readonly string[], ms: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

export function hearChanges(connection: string, location: string, log: Log): Changes {
  const changed = new Set<string>();
  const waiting = new Set<{ readonly queues: readonly string[]; readonly wake: () => void }>();
  let listener: { close(): Promise<void> } | undefined;

  const start = (): void => {
    listener ??= listen({
      connection,
      channel: "launch",
      onPayload: (queue) => {
        changed.add(queue);
        for (const { queues, wake } of waiting) if (queues.includes(queue)) wake();
      },
      onListening: () => {
        for (const { wake } of waiting) wake();
      },
      onLost: (message) => log.debug(say`store ${location}: the connection that listens was lost: ${message}`),
    });
  };

  return {
    looking: (queues) => {
      if (queues === "all") changed.clear();
      else for (const queue of queues) changed.delete(queue);
    },
    wait: async (queues, ms, signal) => {
      signal.throwIfAborted();
      start();
      if (queues.some((queue) => changed.has(queue))) {
        for (const queue of queues) changed.delete(queue);
        return;
      }
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      const wake = (): void => resolve(undefined);
      const waiter = { queues, wake };
      const timer = setTimeout(wake, ms);
      const abort = (): void => reject(signal.reason);
      waiting.add(waiter);
      signal.addEventListener("abort", abort, { once: true });
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(waiter);
        signal.removeEventListener("abort", abort);
      }
    },
    close: async () => {
      for (const { wake } of waiting) wake();
      await listener?.close();
    },
  };
}
