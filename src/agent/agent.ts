import { hostname } from "node:os";
import { counted } from "../core/counted.ts";
import { formatDuration } from "../core/duration.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import { touchKeepAlive } from "../machine/keep-alive.ts";
import type { AgentBeat } from "../run/beat.ts";
import type { Agent } from "./context.ts";
import { definitionsOf } from "./definitions.ts";
import { type Heartbeat, startHeartbeat } from "./leases/heartbeat.ts";
import { processFact } from "./leases/process-fact.ts";
import { holdRun } from "./holding/hold.ts";
import { endWords, type Life, lifeOf } from "./leases/life.ts";
import { liveness } from "./leases/liveness.ts";
import { patience } from "./leases/retrying.ts";
import { type AgentRequest, type AgentResult, type AgentServices, boundsOf } from "./request.ts";
import { serve } from "./serve.ts";
import { slotPool, slotsOfMachine } from "./taking/slots.ts";

/*
 * An agent takes runs from its queues, launches them, and brings each to its end. It knows a store by its verbs alone.
 *
 *   working    looks at the queues, takes what there are places for, and takes over what agents that are gone have left
 *   draining   takes nothing more, and goes on with what it has: after the first signal, when the store says that somebody asks for
 *              it, at its time limit, or when another agent has its id
 *   stopping   ends its runs, and gives them back or cancels them: after the second signal, when that is asked for, or after the first
 *              signal where the machine is about to be taken away
 *
 * It ends when it is draining or stopping and has no run left; when it is to drain its queues and nothing is left to wait for; and
 * when it had nothing to do for its idle time. A store that can't be reached changes no mode and ends no run.
 */

/** Serves queues until there is a reason to end. Throws `refused` when another agent has its id, or the store may not be used. */
export async function runAgent(
  request: AgentRequest,
  services: AgentServices,
  signal: AbortSignal,
): Promise<AgentResult> {
  checkPace(request, services);
  const pool = slotPool(await slotsOfMachine(request.slots, signal));
  const life = lifeOf(request, services, signal);
  const agent = agentOf(request, services, { pool, life });
  const heartbeat = await startHeartbeat(
    {
      ...services,
      ...request.lease,
      incarnation: agent.incarnation,
      current: await beatOf(agent),
      onConflict: () => life.drain("conflict"),
    },
    signal,
  );
  life.onMode(() => {
    if (request.onSignal === "end" && life.mode() === "stopping") services.store.hurry?.();
    heartbeat.now();
  });
  const touching = keepRunsAlive(agent);
  try {
    await serve(agent, life);
  } finally {
    await Promise.all([...agent.holds.values()].map((hold) => hold.over.catch(() => undefined)));
    clearInterval(touching);
    life.close();
    await leave(heartbeat);
    await services.resources.close();
  }
  const end = life.end() ?? "drained";
  return { end, message: end === "drained" ? drainedWords(agent) : endWords[end], runs: agent.runs };
}

/** Queues that are drained need not be empty: what is paused, or too much or too long for this agent, goes on waiting. */
function drainedWords({ snapshot }: Agent): string {
  const waiting = snapshot?.entries.filter(({ place }) => place === "waiting").length ?? 0;
  if (waiting === 0) return endWords.drained;
  return `what waits can't start here (${counted(waiting, "run")})`;
}

/** An agent whose beats come late is taken for gone while its runs go on. */
function checkPace({ lease }: AgentRequest, { store }: AgentServices): void {
  const { leastHeartbeatMs } = store.capabilities;
  if (lease.heartbeatMs >= leastHeartbeatMs) return;
  throw new LaunchError(
    "bad-config",
    `lease.heartbeat is ${formatDuration(lease.heartbeatMs)}, and ${store.location} takes a few writes a minute from all agents together: give a heartbeat of ${formatDuration(leastHeartbeatMs)} or more, and a ttl of at least twice that`,
  );
}

/** When the agent leaves, its beat is worth a moment and no more. */
const leaveWithinMs = 2_000;

async function leave(heartbeat: Heartbeat): Promise<void> {
  await heartbeat.leave(AbortSignal.timeout(leaveWithinMs));
}

type Own = { readonly pool: Agent["pool"]; readonly life: Life };

function agentOf(request: AgentRequest, services: AgentServices, { pool, life }: Own): Agent {
  const { clock, log } = services;
  const { ttlMs } = request.lease;
  const incarnation = crypto.randomUUID();
  let ticks = 0;
  const agent: Agent = {
    request,
    services,
    incarnation,
    pool,
    patience: patience(Math.min(30_000, ttlMs / 8), services),
    definitions: definitionsOf(request.queues, services),
    liveness: liveness(ttlMs, { agent: request.agent, incarnation }),
    writes: life.writes,
    holds: new Map(),
    runs: [],
    mode: life.mode,
    tick: () => ++ticks,
    ticks: () => ticks,
    timeLeftMs: life.timeLeftMs,
    snapshot: undefined,
    turn: 0,
    claiming: 0,
    racedMs: undefined,
    lost: new Map(),
    leaseFor: (attempt) => ({ agent: request.agent, incarnation, attempt, since: clock.now().toISOString() }),
    start: (taken) => {
      const { run } = taken.document;
      log.info(`${run.name}  ${run.run_id} taken from ${taken.entry.queue}, attempt ${run.attempt}`);
      const before = agent.holds.get(run.run_id)?.over.catch(() => undefined);
      const hold = holdRun(taken, agent, before ?? Promise.resolve());
      agent.holds.set(hold.runId, hold);
      keepAlive(hold.runId, services);
      hold.over
        .then((run) => agent.runs.push(run))
        .catch((error: unknown) => log.warning(`${run.name}  its end could not be written: ${messageOf(error)}`))
        .finally(() => {
          if (agent.holds.get(hold.runId) === hold) agent.holds.delete(hold.runId);
          agent.tick();
          // When its place was taken again by the write that ended it, there is nothing to look for before the next poll.
          if (agent.holds.size < request.maxJobs || life.mode() !== "working") life.changed();
        });
    },
  };
  return agent;
}

/** An eighth of it is how often a supervisor looks. */
const touchesPerGrace = 24;

/** Says to the supervisors that this process is there, whatever the store says of it. */
function keepRunsAlive({ holds, request, services }: Agent): NodeJS.Timeout {
  const everyMs = boundsOf(request.lease.ttlMs).supervisionMs / touchesPerGrace;
  return setInterval(() => {
    for (const { runId } of holds.values()) keepAlive(runId, services);
  }, everyMs);
}

/** A disk that is full for a moment ends no agent: the next touch does as well. */
function keepAlive(runId: string, { state, log }: AgentServices): void {
  touchKeepAlive(state, runId).catch((error: unknown) => log.debug(messageOf(error)));
}

async function beatOf(agent: Agent): Promise<() => Omit<AgentBeat, "sequence" | "at" | "schema_version">> {
  const { request, services, incarnation, pool } = agent;
  const fact = await processFact(services.state);
  return () => {
    const free = pool.free();
    return {
      agent: request.agent,
      incarnation,
      host: hostname(),
      state: agent.mode(),
      queues: request.queues,
      max_jobs: Number.isFinite(request.maxJobs) ? request.maxJobs : -1,
      runs: [...agent.holds.keys()],
      slots: Object.fromEntries(
        Object.entries(pool.total).map(([name, total]) => [name, { total, free: free[name] ?? 0 }]),
      ),
      lease: { ttl_ms: request.lease.ttlMs, heartbeat_ms: request.lease.heartbeatMs },
      job: { ...request.job, process: fact },
    };
  };
}
