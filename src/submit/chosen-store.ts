import { type QueuesOnDemand, queuesOnDemand } from "../queueing/queues-on-demand.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { StoreChoiceRequest } from "../stores/choose-store.ts";
import { launchTable } from "./settings/launch-table.ts";
import type { SubmitServices } from "./submission.ts";

/** Which store is used: what the setting, LAUNCH_STORE or the launch config names, else the door's own. */
export async function storeRequestOf(
  given: string | undefined,
  config: LaunchConfig,
  services: SubmitServices,
): Promise<StoreChoiceRequest> {
  const { environment, ownStore, state, log } = services;
  const variable = environment[launchTable.store.variable] ?? "";
  return {
    given: given ?? (variable === "" ? config.store : variable),
    byDefault: ownStore?.url,
    isPublic: ownStore?.isPublic ?? true,
    state,
    tokens: await services.tokensOf(config),
    log,
  };
}

/** The queues that specs may name, in the store that their launch config chooses. */
export function queuesOf(given: string | undefined, services: SubmitServices, signal: AbortSignal): QueuesOnDemand {
  return queuesOnDemand(async (config) => {
    const { openQueues } = await import("../stores/choose-store.ts");
    return openQueues(await storeRequestOf(given, config, services));
  }, signal);
}
