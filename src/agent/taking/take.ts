import { messageOf } from "../../core/errors.ts";
import type { Slots } from "../../queues/order.ts";
import type {
  Claim,
  ClaimRequest,
  LeaseWrite,
  PickingStore,
  PickRequest,
  QueueEntry,
} from "../../stores/queue-store.ts";
import { type DefinedQueue, rulesOf } from "../../queueing/ranked-queue.ts";
import { candidates, isLost, nameOf } from "./candidates.ts";
import type { Agent } from "../context.ts";
import { countedIn, noteTurn } from "./counting.ts";
import { untaken } from "../../run/transitions.ts";
import { doneOf } from "../../run/transitions/change.ts";
import { ownFirst, type Share } from "./own-share.ts";
import type { Holding } from "./slots.ts";

/** A place, slots and a run to take into them. What `during` does ends in a run in our hands, or in all of it being free again. */
export type Reservation = (
  | { readonly kind: "claim"; readonly request: ClaimRequest }
  | { readonly kind: "pick"; readonly request: PickRequest; readonly store: PickingStore }
) & {
  during(work: () => Promise<{ readonly result: LeaseWrite; readonly claim: Claim | undefined }>): Promise<LeaseWrite>;
  take(signal: AbortSignal): Promise<Claim["kind"]>;
};

/** Two races lost mean that the snapshot is of a time that is over. */
const lossesPerLook = 2;

/** Takes as many runs as there are places for, one after another from each queue. True when it should look again before it goes on. */
export async function takeRuns(agent: Agent, signal: AbortSignal): Promise<boolean> {
  if (agent.snapshot === undefined) return false;
  await refuseImpossible(agent, signal);
  const { picks } = agent.services.store;
  if (picks !== undefined) {
    await pickRuns(agent, picks, signal);
    return false;
  }
  for (let losses = 0; losses < lossesPerLook;) {
    const next = reserveClaim(agent);
    if (next === undefined) return false;
    const kind = await next.take(signal);
    if (kind === "unknown") return false;
    if (kind === "miscounted") return true;
    losses = kind === "lost" ? losses + 1 : 0;
  }
  return true;
}

/** The run to take together with another's end; undefined when there is none, or the agent takes no more. */
export function reserveNext(agent: Agent, { queue, run }: QueueEntry): Reservation | undefined {
  const { picks } = agent.services.store;
  if (picks === undefined) return reserveClaim(agent, run.run_id);
  const served = agent.definitions.served();
  const waits = (name: string): boolean =>
    agent.snapshot?.entries.some((entry) => entry.queue === name && entry.place === "waiting") === true;
  const first = served.findIndex(({ name }) => name === queue);
  const order = served.map((_, index) => served[(first + 1 + index) % served.length]);
  const chosen = order.find((item) => item !== undefined && waits(item.name)) ?? served[first];
  return chosen === undefined ? undefined : reservePick(agent, chosen, picks);
}

/** From the store's own order, queue by queue, until none has anything that can start. */
async function pickRuns(agent: Agent, picks: PickingStore, signal: AbortSignal): Promise<void> {
  const served = agent.definitions.served();
  for (let empty = 0; empty < served.length;) {
    const queue = served[agent.turn++ % served.length];
    const next = queue === undefined ? undefined : reservePick(agent, queue, picks);
    if (next === undefined) return;
    const kind = await next.take(signal);
    if (kind === "unknown") return;
    empty = kind === "won" ? 0 : empty + 1;
  }
}

function places(agent: Agent): number {
  if (agent.mode() !== "working") return 0;
  const active = [...agent.holds.values()].filter((hold) => hold.isActive()).length;
  return agent.request.maxJobs - active - agent.claiming;
}

/** Agents that met once are at work on the same runs, and would meet again for a while. */
const racesForMs = 30_000;

/** The head; after a lost race one of those that fall to this agent, so that they don't meet again. */
function reserveClaim(agent: Agent, ending?: string): Reservation | undefined {
  if (places(agent) <= 0) return undefined;
  const all = candidates(agent, ending);
  const races = agent.racedMs !== undefined && agent.services.clock.monotonicMs() - agent.racedMs < racesForMs;
  for (const { entry } of races ? ownFirst(all, ({ run }) => run.runId, shareOf(agent)) : all) {
    const slots = agent.pool.take(entry.run.queued?.slots ?? {});
    if (slots === undefined) continue;
    agent.turn++;
    return claimOf(agent, { entry, ...countedIn(agent, entry.queue) }, slots);
  }
  return undefined;
}

function shareOf({ snapshot, request }: Agent): Share {
  const others = (snapshot?.agents ?? []).map(({ beat }) => beat.agent).filter((id) => id !== request.agent);
  return { rank: others.filter((id) => id < request.agent).length, agents: others.length + 1 };
}

function claimOf(agent: Agent, asked: Omit<ClaimRequest, "lease">, slots: Holding): Reservation {
  const { entry } = asked;
  const { store, clock } = agent.services;
  // Until the answer is there it is not to be asked for again.
  agent.lost.set(nameOf(entry), clock.monotonicMs());
  const request = { ...asked, lease: agent.leaseFor(entry.run.attempt + 1) };
  const miscounted = (): void => void agent.lost.delete(nameOf(entry));
  return {
    kind: "claim",
    request,
    ...reserved(agent, { slots, claim: (signal) => store.claim(request, signal), miscounted }),
  };
}

function reservePick(agent: Agent, { name, definition }: DefinedQueue, store: PickingStore): Reservation | undefined {
  if (places(agent) <= 0) return undefined;
  const { agent: id, incarnation, since } = agent.leaseFor(0);
  const request: PickRequest = {
    queue: name,
    lease: { agent: id, incarnation, since },
    ...rulesOf(definition),
    agent: { free: agent.pool.free(), timeLeftMs: agent.timeLeftMs() },
  };
  return {
    kind: "pick",
    request,
    store,
    ...reserved(agent, { slots: undefined, claim: (signal) => store.claimNext(request, signal) }),
  };
}

type Reserved = {
  /** Undefined where the store decides which run it is. */
  readonly slots: Holding | undefined;
  readonly claim: (signal: AbortSignal) => Promise<Claim>;
  /** Told when it is there to be asked for again. */
  readonly miscounted?: () => void;
};

function reserved(agent: Agent, { slots, claim, miscounted }: Reserved): Pick<Reservation, "during" | "take"> {
  const { clock, log } = agent.services;
  const sinceMs = clock.monotonicMs();
  agent.claiming++;
  let open = true;
  const settle = async (claimed: Claim | undefined): Promise<void> => {
    if (!open) return;
    open = false;
    if (claimed?.kind === "lost") agent.racedMs = clock.monotonicMs();
    if (claimed?.kind === "miscounted") miscounted?.();
    const won = claimed?.kind === "won" ? claimed : undefined;
    if (won !== undefined) noteTurn(agent, won.entry.queue, won.turn);
    const held = slots ?? agent.pool.take(won?.entry.run.queued?.slots ?? {});
    if (won !== undefined && held !== undefined) {
      agent.start({
        entry: won.entry,
        document: won.document,
        slots: held,
        adopts: false,
        sinceMs,
        tick: agent.tick(),
      });
    } else {
      if (held !== undefined) agent.pool.give(held);
      if (won !== undefined) await giveBack(agent, won);
    }
    agent.tick();
    agent.claiming--;
  };
  return {
    during: async (work) => {
      try {
        const { result, claim: claimed } = await work();
        await settle(claimed);
        return result;
      } finally {
        await settle(undefined);
      }
    },
    take: async (signal) => {
      try {
        const claimed = await claim(signal);
        agent.patience.worked();
        await settle(claimed);
        return claimed.kind;
      } catch (error) {
        signal.throwIfAborted();
        agent.patience.failed(error);
        log.debug(`a run could not be taken: ${messageOf(error)}`);
        return "unknown";
      } finally {
        await settle(undefined);
      }
    },
  };
}

async function giveBack(agent: Agent, { entry, document }: Extract<Claim, { kind: "won" }>): Promise<void> {
  const { store, clock } = agent.services;
  const waiting = doneOf(untaken(document, clock.now()));
  await agent.patience.insist((signal) => store.release(entry, waiting, signal), agent.writes);
}

/** A run that asks for more than any agent of its queue has is taken all the same, and refused with the reason. */
async function refuseImpossible(agent: Agent, signal: AbortSignal): Promise<void> {
  const { snapshot } = agent;
  if (agent.mode() !== "working" || snapshot === undefined) return;
  for (const { name } of agent.definitions.served()) {
    const others = snapshot.agents
      .filter(({ beat }) => beat.queues.includes(name) && agent.liveness.of(beat).kind !== "expired")
      .map(({ beat }) => Object.fromEntries(Object.entries(beat.slots).map(([slot, { total }]) => [slot, total])));
    const everybody: readonly Slots[] = [agent.pool.total, ...others];
    for (const entry of snapshot.entries) {
      if (entry.queue !== name || entry.place !== "waiting" || snapshot.paused.includes(name)) continue;
      const wanted = Object.entries(entry.run.queued?.slots ?? {});
      const fits = (total: Slots): boolean => wanted.every(([slot, count]) => count <= (total[slot] ?? 0));
      if (everybody.some(fits) || isLost(agent, entry)) continue;
      await claimOf(agent, { entry }, {}).take(signal);
    }
  }
}
