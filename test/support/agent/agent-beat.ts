import type { AgentBeat } from "../../../src/run/beat.ts";

/** A beat of an agent that works on the queue gpu. */
export function beatOf(agent: string, incarnation: string, sequence = 1): AgentBeat {
  return {
    schema_version: 1,
    agent,
    incarnation,
    sequence,
    host: "box",
    state: "working",
    queues: ["gpu"],
    max_jobs: 2,
    runs: ["digits-1"],
    slots: { gpu: { total: 2, free: 1 } },
    lease: { ttl_ms: 60_000, heartbeat_ms: 20_000 },
    job: { run_id: 7 },
    at: "2026-11-23T10:00:00.000Z",
  };
}
