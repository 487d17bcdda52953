import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { QueueResolution } from "../spec/resolve/resolution.ts";
import type { OpenQueues } from "../stores/choose-store.ts";

/** The store of queues, opened when the first spec that names one is resolved: its launch config may say which it is. */
export type QueuesOnDemand = {
  readonly resolution: QueueResolution;
  /** The one that was looked into; opens it where none was. */
  open(config: LaunchConfig): Promise<OpenQueues>;
  close(): Promise<void>;
};

/** Queues as a submitter sees them. Most launches name none, and don't load what they need. */
export function queuesOnDemand(
  openNow: (config: LaunchConfig) => Promise<OpenQueues>,
  signal: AbortSignal,
): QueuesOnDemand {
  let opened: Promise<OpenQueues> | undefined;
  let lookUp: QueueResolution["definitionOf"] | undefined;
  const open = (config: LaunchConfig): Promise<OpenQueues> => (opened ??= openNow(config));
  return {
    open,
    resolution: {
      role: "submitter",
      submittersTrusted: false,
      definitionOf: async (queue, config) => {
        const { lookUpOnce } = await import("./queue-definitions.ts");
        lookUp ??= lookUpOnce(open, signal);
        return lookUp(queue, config);
      },
    },
    close: async () => {
      // Who asked for it knows why it could not be opened.
      const queues = await opened?.catch(() => undefined);
      await queues?.store.close();
    },
  };
}
