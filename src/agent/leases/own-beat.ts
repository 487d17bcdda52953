import type { Slots } from "../../queues/order.ts";
import type { AgentBeat } from "../../run/beat.ts";
import type { Served } from "../context.ts";
import type { BeatContext } from "./heartbeat.ts";
import { processFact } from "./process-fact.ts";

/** What this agent's beat in a store says: of the machine all, of queues and runs those of that store. */
export async function ownBeatOf({ agent, queues, holds }: Served): Promise<BeatContext["current"]> {
  const { request, services, incarnation, pool } = agent;
  const fact = await processFact(services.state);
  return () => {
    const free = pool.free();
    return {
      agent: request.agent,
      incarnation,
      host: services.state.host,
      state: agent.mode(),
      queues: [...queues],
      max_jobs: Number.isFinite(request.maxJobs) ? request.maxJobs : -1,
      runs: [...holds.keys()],
      slots: slotsOf(pool.total, free),
      lease: { ttl_ms: request.lease.ttlMs, heartbeat_ms: request.lease.heartbeatMs },
      job: { ...request.job, process: fact },
    };
  };
}

function slotsOf(total: Slots, free: Slots): AgentBeat["slots"] {
  return Object.fromEntries(
    Object.entries(total).map(([name, count]) => [name, { total: count, free: free[name] ?? 0 }]),
  );
}
