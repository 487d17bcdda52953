import { homedir } from "node:os";
import type { Log } from "../../core/output/log.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import { type QueuesOnDemand, queuesOnDemand } from "../../queueing/queues-on-demand.ts";
import { openQueues } from "../../stores/choose-store.ts";
import type { Console } from "../terminal/console.ts";
import type { StoreFlags } from "./flags.ts";
import { ownTokens } from "./tokens.ts";

/** The queues that a command's specs may name. */
export function queuesOfCommand(
  flags: StoreFlags,
  { environment }: Console,
  log: Log,
  signal: AbortSignal,
): QueuesOnDemand {
  const state = stateDirectoryOf(environment, homedir());
  return queuesOnDemand(async (config) => {
    const tokens = await ownTokens(config, environment, log);
    const given = flags.store ?? config.store;
    return openQueues({ given, byDefault: undefined, isPublic: true, state, tokens, log });
  }, signal);
}
