import { setFlagsFromString } from "node:v8";
import { counted } from "../core/counted.ts";
import { formatDuration } from "../core/duration.ts";
import { LaunchError } from "../core/errors.ts";
import { requireOwn } from "../machine/own-folder.ts";
import { type Agent, holdsOf, type Served } from "./context.ts";
import { endWords, type Life, lifeOf } from "./leases/life.ts";
import { type AgentRequest, type AgentResult, type AgentServices, boundsOf, type ServedStore } from "./request.ts";
import { serve } from "./serve.ts";
import { keepAlive, servedOf } from "./served.ts";
import { slotPool, slotsOfMachine } from "./taking/slots.ts";

/*
 * An agent takes runs from its queues, launches them, and brings each to its end. It knows a store by its verbs alone.
 *
 *   working    looks at the queues, takes what there are places for, and takes over what agents that are gone have left
 *   draining   takes nothing more, and goes on with what it has: after the first signal, when the store says that somebody asks for
 *              it, at its time limit, when another agent has its id, or when this machine's state folder can't be written any more
 *   stopping   ends its runs, and gives them back or cancels them: after the second signal, when that is asked for, or after the first
 *              signal where the machine is about to be taken away
 *
 * It ends when it is draining or stopping and has no run left; when it is to drain its queues and nothing is left to wait for; and
 * when it had nothing to do for its idle time. A store that can't be reached changes no mode and ends no run.
 *
 * It may serve several stores. Its slots, its places for runs and its modes are the machine's, whatever store a run is of; each store has
 * its own beat, looks and holds (served.ts), and who asks in one of them asks the whole agent.
 */

/**
 * An agent lives for weeks, and a look at a crowded queue is mostly garbage: V8 would let 80 MB of it lie before it looks (test/chaos/mutations).
 * What it costs could not be seen in the rate at which a run's output is followed.
 */
function keepHeapSmall(): void {
  setFlagsFromString("--optimize-for-size");
}

/** Serves queues until there is a reason to end. Throws `refused` when another agent has its id, or a store may not be used. */
export async function runAgent(
  request: AgentRequest,
  services: AgentServices,
  signal: AbortSignal,
): Promise<AgentResult> {
  keepHeapSmall();
  for (const served of services.stores) checkPace(request, served);
  await requireOwn(services.state);
  const pool = slotPool(await slotsOfMachine(request.slots, signal));
  const life = lifeOf(request, services, signal);
  const agent = agentOf(request, services, { pool, life });
  life.onMode(() => {
    const hurries = request.onSignal === "end" && life.mode() === "stopping";
    for (const { store, heartbeat } of agent.stores) {
      if (hurries) store.hurry?.();
      heartbeat?.now();
    }
  });
  const touching = keepRunsAlive(agent);
  try {
    await serve(agent, life, signal);
  } finally {
    await Promise.all(holdsOf(agent).map((hold) => hold.over.catch(() => undefined)));
    clearInterval(touching);
    life.close();
    await Promise.all(agent.stores.map(leave));
    await services.resources.close();
  }
  const failure = life.failure();
  if (failure !== undefined) throw failure;
  const end = life.end() ?? "drained";
  return { end, message: end === "drained" ? drainedWords(agent) : endWords[end], runs: agent.runs };
}

/** Queues that are drained need not be empty: what is paused, or too much or too long for this agent, goes on waiting. */
function drainedWords({ stores }: Agent): string {
  const entries = stores.flatMap(({ snapshot }) => snapshot?.entries ?? []);
  const waiting = entries.filter(({ place }) => place === "waiting").length;
  if (waiting === 0) return endWords.drained;
  return `what waits can't start here (${counted(waiting, "run")})`;
}

/** An agent whose beats come late is taken for gone while its runs go on. */
function checkPace({ lease }: AgentRequest, { store }: ServedStore): void {
  const { leastHeartbeatMs } = store.capabilities;
  if (lease.heartbeatMs >= leastHeartbeatMs) return;
  throw new LaunchError(
    "bad-config",
    `lease.heartbeat is ${formatDuration(lease.heartbeatMs)}, and ${store.location} takes a few writes a minute from all agents together: give a heartbeat of ${formatDuration(leastHeartbeatMs)} or more, and a ttl of at least twice that`,
  );
}

/** When the agent leaves, its beat is worth a moment and no more. */
const leaveWithinMs = 2_000;

async function leave({ heartbeat }: Served): Promise<void> {
  await heartbeat?.leave(AbortSignal.timeout(leaveWithinMs));
}

type Own = { readonly pool: Agent["pool"]; readonly life: Life };

function agentOf(request: AgentRequest, services: AgentServices, { pool, life }: Own): Agent {
  const incarnation = crypto.randomUUID();
  const stores: Served[] = [];
  const agent: Agent = {
    request,
    services,
    incarnation,
    pool,
    stores,
    writes: life.writes,
    runs: [],
    mode: life.mode,
    timeLeftMs: life.timeLeftMs,
    fail: life.fail,
    turn: 0,
    leaseFor: (attempt) => {
      return { agent: request.agent, incarnation, attempt, since: services.clock.now().toISOString() };
    },
  };
  stores.push(...services.stores.map((from) => servedOf(from, agent, life)));
  return agent;
}

/** An eighth of it is how often a supervisor looks. */
const touchesPerGrace = 24;

/** Says to the supervisors that this process is there, whatever the stores say of it. */
function keepRunsAlive(agent: Agent): NodeJS.Timeout {
  const everyMs = boundsOf(agent.request.lease.ttlMs).supervisionMs / touchesPerGrace;
  return setInterval(() => {
    for (const { attempt } of holdsOf(agent)) keepAlive(attempt, agent.services);
  }, everyMs);
}
