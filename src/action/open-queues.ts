import { lookUpDefinition } from "../launch/queue-definitions.ts";
import { openQueues, type OpenQueues } from "../launch/store-choice.ts";
import type { LaunchConfig } from "../spec/launch-config.ts";
import type { QueueResolution } from "../spec/resolution.ts";
import { type JobPlace, storeRequestOf } from "./services.ts";

/** The store of queues, opened when the first spec that names one is resolved. */
export type QueuesOnDemand = {
  readonly resolution: QueueResolution;
  open(config: LaunchConfig): Promise<OpenQueues>;
  close(): Promise<void>;
};

export function queuesOnDemand(place: JobPlace, signal: AbortSignal): QueuesOnDemand {
  let opened: Promise<OpenQueues> | undefined;
  const open = (config: LaunchConfig): Promise<OpenQueues> => (opened ??= openQueues(storeRequestOf(place, config)));
  return {
    open,
    resolution: {
      role: "submitter",
      submittersTrusted: false,
      definitionOf: async (queue, config) => lookUpDefinition(queue, (await open(config)).store, signal),
    },
    close: async () => {
      if (opened !== undefined) await (await opened).store.close();
    },
  };
}
