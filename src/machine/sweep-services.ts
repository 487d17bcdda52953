import { systemClock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Tokens } from "../core/token.ts";
import type { EnvironmentCatalog } from "../environments/index.ts";
import { isResourceName, type ResourceCatalog } from "../resources/index.ts";
import { openStoreAt } from "../stores/choose-store.ts";
import type { SweepServices } from "./sweep.ts";

export type SweepPlace = {
  readonly state: StateDirectory;
  readonly tokens: Tokens;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly environments: EnvironmentCatalog;
  /** Closed by whoever made it. */
  readonly resources: ResourceCatalog;
};

/** What a sweep works with, on this machine. */
export function sweepServices(place: SweepPlace): SweepServices {
  const { state, log, environment, environments, resources } = place;
  return {
    state,
    log,
    clock: systemClock,
    openResource: async (kind) => {
      if (!isResourceName(kind)) throw new LaunchError("unsupported", `this version has no resource "${kind}"`);
      // No launch config is at hand: what is left is ended with what this machine has.
      const cloudEnvironment = await environments.open(undefined);
      const own = { log, cacheDirectory: state.cache, environment, cloudEnvironment };
      return resources.open(kind, {}, { ...own, mounts: [], networks: [] });
    },
    openStore: (location) => openStoreAt(location, place),
    openOwnStore: () => openStoreAt(undefined, place),
  };
}
