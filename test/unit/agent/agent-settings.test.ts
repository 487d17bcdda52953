import { describe, expect, it } from "vitest";
import { agentRequestOf, type AgentSettings } from "../../../src/agent/agent-settings.ts";
import type { AgentRequest } from "../../../src/agent/request.ts";
import { launchConfigSchema } from "../../../src/spec/config/launch-config.ts";

function requestOf(settings: AgentSettings, config: object = {}): AgentRequest {
  return agentRequestOf(settings, {
    config: launchConfigSchema.parse(config),
    nameOf: (setting) => `--${setting}`,
    onSignal: "drain",
    job: undefined,
  });
}

const minute = 60_000;

describe("an agent's lease", () => {
  it.each<[object, AgentRequest["lease"]]>([
    [{}, { ttlMs: 15 * minute, heartbeatMs: 5 * minute }],
    [{ ttl: "3 min" }, { ttlMs: 3 * minute, heartbeatMs: minute }],
    [{ ttl: "1 h" }, { ttlMs: 60 * minute, heartbeatMs: 5 * minute }],
    [{ heartbeat: "2 min" }, { ttlMs: 15 * minute, heartbeatMs: 2 * minute }],
    [{ heartbeat: "20 min" }, { ttlMs: 60 * minute, heartbeatMs: 20 * minute }],
    [
      { ttl: "10 s", heartbeat: "5 s" },
      { ttlMs: 10_000, heartbeatMs: 5_000 },
    ],
  ])("of %j", (lease, times) => {
    expect(requestOf({}, { lease }).lease).toEqual(times);
  });

  it.each<[object, RegExp]>([
    [{ ttl: "10 min", heartbeat: "6 min" }, /^lease\.heartbeat is 6 min and lease\.ttl 10 min: .*at most half the ttl/],
    [{ ttl: "1 s" }, /^lease\.ttl is 1\.0 s: give one from 5\.0 s to 7 d/],
    [{ ttl: "400 d" }, /^lease\.ttl is 400 d/],
    [{ heartbeat: "3 d" }, /^lease\.ttl is 9 d/],
  ])("can't be %j", (lease, words) => {
    expect(() => requestOf({}, { lease })).toThrow(words);
  });
});

describe("an agent's settings", () => {
  it("stand above the launch config", () => {
    const config = { queues: ["a"], max_jobs: 2, slots: { gpu: 4, licence: 1 } };
    expect(requestOf({}, config)).toMatchObject({ queues: ["a"], maxJobs: 2, slots: { gpu: 4, licence: 1 } });
    const settings = { queues: ["b,c", "b"], maxJobs: "-1", slots: ["gpu=auto"] };
    expect(requestOf(settings, config)).toMatchObject({
      queues: ["b", "c"],
      maxJobs: Number.POSITIVE_INFINITY,
      slots: { gpu: "auto", licence: 1 },
    });
    expect(requestOf({})).toMatchObject({ queues: ["default"], maxJobs: 1, endedRuns: "requeue", drain: false });
  });

  it.each<[AgentSettings, RegExp]>([
    [{ queues: ["GPU"] }, /^--queues "GPU": a queue's name/],
    [{ queues: ["a/b"] }, /^--queues "a\/b"/],
    [{ maxJobs: "0" }, /^--maxJobs "0": give a whole number from 1, or -1/],
    [{ maxJobs: "2.5" }, /^--maxJobs "2\.5"/],
    [{ agent: "Box 1" }, /^--agent "Box 1": an agent's id/],
    [{ slots: ["gpu"] }, /^--slots "gpu": give NAME=NUMBER/],
    [{ idleTimeout: "soon" }, /^--idleTimeout "soon" is no duration/],
    [{ timeLimit: "0" }, /^--timeLimit "0" is no duration/],
    [{ onCancel: "drop" }, /^--onCancel "drop": give requeue or cancel/],
  ])("can't be %j", (settings, words) => {
    expect(() => requestOf(settings)).toThrow(words);
  });
});
