import { homedir } from "node:os";
import type { Log } from "../core/log.ts";
import { stateDirectoryOf } from "../core/state-directory.ts";
import { lookUpOnce } from "../launch/queue-definitions.ts";
import { openQueues, type OpenQueues } from "../launch/store-choice.ts";
import type { LaunchConfig } from "../spec/launch-config.ts";
import type { QueueResolution } from "../spec/resolution.ts";
import type { Console } from "./console.ts";
import type { StoreFlags } from "./flags.ts";
import { ownTokens } from "./tokens.ts";

/** The store of queues, opened when the first spec that names one is resolved: its launch config may say which it is. */
export type QueuesOnDemand = {
  readonly resolution: QueueResolution;
  /** The one that was looked into; opens it where none was. */
  open(config: LaunchConfig): Promise<OpenQueues>;
  close(): Promise<void>;
};

export function queuesOnDemand(
  flags: StoreFlags,
  { environment }: Console,
  log: Log,
  signal: AbortSignal,
): QueuesOnDemand {
  let opened: Promise<OpenQueues> | undefined;
  const open = (config: LaunchConfig): Promise<OpenQueues> => {
    opened ??= ownTokens(config, environment, log).then((tokens) =>
      openQueues({
        given: flags.store ?? config.store,
        byDefault: undefined,
        isPublic: true,
        state: stateDirectoryOf(environment, homedir()),
        tokens,
        log,
      }),
    );
    return opened;
  };
  return {
    open,
    resolution: {
      role: "submitter",
      submittersTrusted: false,
      definitionOf: lookUpOnce(open, signal),
    },
    close: async () => {
      if (opened !== undefined) await (await opened).store.close();
    },
  };
}
