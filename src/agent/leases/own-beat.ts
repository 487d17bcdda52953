import { countOf } from "../../queues/order.ts";
import type { AgentBeat } from "../../run/beat.ts";
import { holdsOf, type Served } from "../context.ts";
import type { BeatContext } from "./heartbeat.ts";
import { processFact } from "./process-fact.ts";

/** What this agent's beat in a store says: of the machine all, of queues and runs those of that store. */
export async function ownBeatOf(served: Served): Promise<BeatContext["current"]> {
  const { agent, queues, holds } = served;
  const { request, services, incarnation } = agent;
  const fact = await processFact(services.state);
  return () => {
    return {
      agent: request.agent,
      incarnation,
      host: services.state.host,
      state: agent.mode(),
      queues: [...queues],
      max_jobs: Number.isFinite(request.maxJobs) ? request.maxJobs : -1,
      runs: [...holds.keys()],
      slots: slotsOf(served),
      lease: { ttl_ms: request.lease.ttlMs, heartbeat_ms: request.lease.heartbeatMs },
      job: { ...request.job, process: fact },
    };
  };
}

function slotsOf({ agent, holds }: Served): AgentBeat["slots"] {
  const { total } = agent.pool;
  const free = agent.pool.free();
  const others = holdsOf(agent).filter((hold) => hold.isActive() && holds.get(hold.runId) !== hold);
  return Object.fromEntries(
    Object.entries(total).map(([name, count]) => {
      const elsewhere = others.reduce(
        (sum, { slots }) => sum + (Object.hasOwn(slots, name) ? (slots[name]?.length ?? 0) : 0),
        0,
      );
      return [name, { total: count, free: countOf(free, name), ...(elsewhere > 0 ? { elsewhere } : {}) }];
    }),
  );
}
