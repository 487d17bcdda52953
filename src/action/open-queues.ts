import { type QueuesOnDemand, queuesOnDemand } from "../queueing/queues-on-demand.ts";
import type { JobPlace } from "./services.ts";

/** The queues that a job's specs may name. */
export function queuesOfJob(place: JobPlace, signal: AbortSignal): QueuesOnDemand {
  return queuesOnDemand(async (config) => {
    const { openQueues } = await import("../stores/choose-store.ts");
    const { storeRequestOf } = await import("./services.ts");
    return openQueues(storeRequestOf(place, config));
  }, signal);
}
