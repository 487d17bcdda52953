import type { AgentServices, ServedStore } from "../../../src/agent/request.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Log } from "../../../src/core/output/log.ts";
import { saidTo } from "../log.ts";
import { ownEnvironments } from "../../../src/environments/index.ts";
import { ownResources } from "../../../src/resources/index.ts";

/** What an agent of these tests works with, without a launch config. */
export function agentServices(
  own: Pick<AgentServices, "log" | "state" | "stores"> & Partial<AgentServices>,
): AgentServices {
  return {
    clock: systemClock,
    environment: process.env,
    environments: ownEnvironments({ log: own.log, clock: systemClock, variables: process.env }),
    resources: ownResources({ log: own.log, cacheDirectory: own.state.cache, environment: process.env }),
    launcher: { version: "test", host: own.state.host, platform: "test", node: process.versions.node },
    config: undefined,
    ...own,
  };
}

/** A store of this machine, as an agent serves it. */
export function servedStore(own: Pick<ServedStore, "store" | "queues"> & Partial<ServedStore>): ServedStore {
  return { tokens: {}, storeIsOwn: true, spareStore: false, ...own };
}

/** A log whose every entry is a line. */
export function lineLog(say: (line: string) => void): Log {
  return saidTo({
    phase: ({ phase, status, detail }) => say(`${phase} ${status} ${detail}`),
    output: ({ bytes }) => say(bytes.toString().trimEnd()),
    info: say,
    warning: say,
    debug: say,
  });
}
