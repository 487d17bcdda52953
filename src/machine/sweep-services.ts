import { systemClock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Tokens } from "../core/token.ts";
import { isResourceName, type ResourceCatalog } from "../resources/index.ts";
import { openStoreAt } from "../stores/choose-store.ts";
import type { SweepServices } from "./sweep.ts";

export type SweepPlace = {
  readonly state: StateDirectory;
  readonly tokens: Tokens;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Closed by whoever made it. */
  readonly resources: ResourceCatalog;
};

/** What a sweep works with, on this machine. */
export function sweepServices(place: SweepPlace): SweepServices {
  const { state, log, environment, resources } = place;
  return {
    state,
    log,
    clock: systemClock,
    openResource: (kind) => {
      if (!isResourceName(kind)) throw new LaunchError("unsupported", `this version has no resource "${kind}"`);
      return resources.open(kind, {}, { log, cacheDirectory: state.cache, environment, mounts: [], networks: [] });
    },
    openStore: (location) => openStoreAt(location, place),
    openOwnStore: () => openStoreAt(undefined, place),
  };
}
