import { messageOf } from "../core/errors.ts";
import { named, ours, quoted, say } from "../core/output/said.ts";
import { touchKeepAlive } from "../machine/keep-alive.ts";
import { nameOfAttempt, type RunKey } from "../run/handle.ts";
import { type Agent, holdsOf, type Served } from "./context.ts";
import { definitionsOf } from "./definitions.ts";
import { holdRun } from "./holding/hold.ts";
import type { Life } from "./leases/life.ts";
import { liveness } from "./leases/liveness.ts";
import { patience } from "./leases/retrying.ts";
import { waking } from "./leases/waking.ts";
import type { AgentServices, ServedStore } from "./request.ts";

/** A store in this agent's service, with nothing seen of it and nothing held. */
export function servedOf(from: ServedStore, agent: Agent, life: Life): Served {
  const { request, services, incarnation } = agent;
  const { log } = services;
  const { ttlMs } = request.lease;
  let ticks = 0;
  const served: Served = {
    ...from,
    agent,
    patience: patience(Math.min(30_000, ttlMs / 8), { ...services, name: nameOf(from, services) }),
    definitions: definitionsOf(from, services),
    liveness: liveness(ttlMs, { agent: request.agent, incarnation }),
    holds: new Map(),
    heartbeat: undefined,
    storeId: undefined,
    snapshot: undefined,
    busySinceMs: undefined,
    waking: waking(),
    waitsItsTurn: false,
    claiming: 0,
    racedMs: undefined,
    unread: new Set(),
    unfolded: new Map(),
    lost: new Map(),
    askedElsewhere: new Map(),
    silent: new Map(),
    tick: () => ++ticks,
    ticks: () => ticks,
    start: (taken) => {
      const { run } = taken.document;
      log.info(
        say`${named(run.name)}  ${ours(run.run_id)} taken from ${named(taken.entry.queue)}, attempt ${run.attempt}`,
      );
      // An attempt before may be at its end here.
      const before = served.holds.get(run.run_id)?.over.catch(() => undefined) ?? Promise.resolve();
      const hold = holdRun(taken, served, before);
      served.holds.set(hold.runId, hold);
      keepAlive(hold.attempt, services);
      hold.over
        .then((run) => agent.runs.push(run))
        .catch((error: unknown) => log.warning(say`${run.name}  its end could not be written: ${messageOf(error)}`))
        .finally(() => {
          if (served.holds.get(hold.runId) === hold) served.holds.delete(hold.runId);
          served.tick();
          // When its place was taken again by the write that ended it, there is nothing to look for before the next poll.
          if (holdsOf(agent).length < request.maxJobs || life.mode() !== "working") life.changed();
        });
    },
  };
  return served;
}

/** One of several is told of by its location. */
function nameOf({ store }: ServedStore, { stores }: AgentServices): string {
  return stores.length > 1 ? `the store ${store.location}` : "the store";
}

/** Says to a run's supervisor that this process is there. A disk that is full for a moment ends no agent: the next touch does as well. */
export function keepAlive(attempt: RunKey, { state, log }: AgentServices): void {
  touchKeepAlive(state, nameOfAttempt(attempt)).catch((error: unknown) => log.debug(quoted(messageOf(error))));
}
