import { hostname } from "node:os";
import type { AgentServices } from "../../../src/agent/request.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { Log } from "../../../src/core/output/log.ts";
import { ownResources } from "../../../src/resources/index.ts";

/** What an agent of these tests works with, on a store of this machine and without a launch config. */
export function agentServices(
  own: Pick<AgentServices, "log" | "state" | "store"> & Partial<AgentServices>,
): AgentServices {
  return {
    clock: systemClock,
    environment: process.env,
    tokens: {},
    resources: ownResources({ log: own.log, cacheDirectory: own.state.cache, environment: process.env }),
    launcher: { version: "test", host: hostname(), platform: "test", node: process.versions.node },
    storeIsHere: true,
    spareStore: false,
    config: undefined,
    ...own,
  };
}

/** A log whose every entry is a line. */
export function lineLog(say: (line: string) => void): Log {
  return {
    phase: ({ phase, status, detail }) => say(`${phase} ${status} ${detail}`),
    output: ({ bytes }) => say(bytes.toString().trimEnd()),
    info: say,
    warning: say,
    debug: say,
  };
}
