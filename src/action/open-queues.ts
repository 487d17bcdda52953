import type { OpenQueues } from "../launch/store-choice.ts";
import type { LaunchConfig } from "../spec/launch-config.ts";
import type { QueueResolution } from "../spec/resolution.ts";
import type { JobPlace } from "./services.ts";

/** The store of queues, opened when the first spec that names one is resolved. */
export type QueuesOnDemand = {
  readonly resolution: QueueResolution;
  open(config: LaunchConfig): Promise<OpenQueues>;
  close(): Promise<void>;
};

export function queuesOnDemand(place: JobPlace, signal: AbortSignal): QueuesOnDemand {
  let opened: Promise<OpenQueues> | undefined;
  let lookUp: QueueResolution["definitionOf"] | undefined;
  const open = (config: LaunchConfig): Promise<OpenQueues> => (opened ??= openNow(place, config));
  return {
    open,
    resolution: {
      role: "submitter",
      submittersTrusted: false,
      definitionOf: async (queue, config) => {
        const { lookUpOnce } = await import("../launch/queue-definitions.ts");
        lookUp ??= lookUpOnce(open, signal);
        return lookUp(queue, config);
      },
    },
    close: async () => {
      if (opened !== undefined) await (await opened).store.close();
    },
  };
}

/** Most launches name no queue, and don't load what stores need. */
async function openNow(place: JobPlace, config: LaunchConfig): Promise<OpenQueues> {
  const { openQueues } = await import("../launch/store-choice.ts");
  const { storeRequestOf } = await import("./services.ts");
  return openQueues(storeRequestOf(place, config));
}
