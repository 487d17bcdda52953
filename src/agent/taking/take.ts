import { formatCommandLine } from "../../core/command-line.ts";
import { messageOf } from "../../core/errors.ts";
import { say } from "../../core/output/said.ts";
import type {
  Claim,
  ClaimRequest,
  LeaseWrite,
  PickingStore,
  PickRequest,
  QueueEntry,
} from "../../stores/queue-store.ts";
import { type DefinedQueue, rulesOf } from "../../queueing/ranked-queue.ts";
import { candidatesOf, definedInTurn, nameOf, turnAfter } from "./candidates.ts";
import type { Served } from "../context.ts";
import { countedIn, noteTurn } from "./counting.ts";
import { doneOf, untaken } from "../../run/transitions.ts";
import { impossibleRuns } from "./impossible.ts";
import { roomFor } from "./room.ts";
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

/** Of one queue, in one look: each costs requests, and the others have their turn too. */
const unreadablePerLook = 20;

/** Of all queues, in one look: where writes are paced each takes some seconds, and whoever waits behind them waits as long. */
const impossiblePerLook = 3;

/**
 * Takes as many runs as there are places for, one after another from each queue, and then a few of those that are to be refused. True when it
 * should look again before it goes on.
 */
export async function takeRuns(served: Served, signal: AbortSignal): Promise<boolean> {
  if (served.snapshot === undefined) return false;
  if (served.store.picks !== undefined) await pickRuns(served, signal);
  else if (await claimRuns(served, signal)) return true;
  return refuseImpossible(served, signal);
}

async function claimRuns(served: Served, signal: AbortSignal): Promise<boolean> {
  for (let losses = 0; losses < lossesPerLook;) {
    const next = reserveClaim(served);
    if (next === undefined) return false;
    const kind = await next.take(signal);
    if (kind === "unknown") return false;
    if (kind === "miscounted") return true;
    losses = kind === "lost" ? losses + 1 : 0;
  }
  return true;
}

/** The run to take together with another's end; undefined when there is none, or the agent takes no more. */
export function reserveNext(served: Served, { queue, run }: QueueEntry): Reservation | undefined {
  if (served.store.picks === undefined) return reserveClaim(served, run.run_id);
  const queues = served.definitions.served();
  const waits = (name: string): boolean =>
    served.snapshot?.entries.some((entry) => entry.queue === name && entry.place === "waiting") === true;
  const first = queues.findIndex(({ name }) => name === queue);
  const order = queues.map((_, index) => queues[(first + 1 + index) % queues.length]);
  const chosen = order.find((item) => item !== undefined && waits(item.name)) ?? queues[first];
  return chosen === undefined ? undefined : reservePick(served, chosen, run.run_id);
}

/** From the store's own order, queue by queue, until none has anything that can start. */
async function pickRuns(served: Served, signal: AbortSignal): Promise<void> {
  let unreadable = 0;
  for (let empty = 0; ;) {
    const queue = definedInTurn(served)[empty];
    const next = queue === undefined ? undefined : reservePick(served, queue);
    if (queue === undefined || next === undefined) return;
    const kind = await next.take(signal);
    // Those behind it may be taken.
    if (kind === "unreadable" && unreadable++ < unreadablePerLook) continue;
    if (kind !== "won") noteEmpty(served, queue);
    if (kind === "unknown") return;
    empty = kind === "won" ? 0 : empty + 1;
  }
}

/** What the store doesn't give, for whatever reason, is nothing that other stores should wait for. */
function noteEmpty(served: Served, { name }: DefinedQueue): void {
  const { agent, lost } = served;
  if (agent.stores.length === 1) return;
  for (const { entry } of candidatesOf(served, name)) lost.set(nameOf(entry), agent.services.clock.monotonicMs());
}

/** The head, when it is this store's turn. */
function reserveClaim(served: Served, ending?: string): Reservation | undefined {
  const { agent } = served;
  const entry = roomFor(served, ending).next?.entry;
  const slots = entry === undefined ? undefined : agent.pool.take(entry.run.queued?.slots ?? {});
  if (entry === undefined || slots === undefined) return undefined;
  agent.turn = turnAfter(served, entry.queue);
  return claimOf(served, { entry, ...countedIn(served, entry.queue) }, slots);
}

function claimOf(served: Served, asked: Omit<ClaimRequest, "lease">, slots: Holding): Reservation {
  const { entry } = asked;
  const { agent, store, lost } = served;
  // Until the answer is there it is not to be asked for again.
  lost.set(nameOf(entry), agent.services.clock.monotonicMs());
  const request = { ...asked, lease: agent.leaseFor(entry.run.attempt + 1) };
  const miscounted = (): void => void lost.delete(nameOf(entry));
  const unreadable = (): void => void lost.set(nameOf(entry), Number.POSITIVE_INFINITY);
  return {
    kind: "claim",
    request,
    ...reserved(served, { slots, claim: (signal) => store.claim(request, signal), miscounted, unreadable }),
  };
}

function reservePick(served: Served, { name, definition }: DefinedQueue, ending?: string): Reservation | undefined {
  const { agent, store: from } = served;
  const { places, free } = roomFor(served, ending);
  const store = from.picks;
  if (places <= 0 || store === undefined) return undefined;
  const { agent: id, incarnation, since } = agent.leaseFor(0);
  const request: PickRequest = {
    queue: name,
    lease: { agent: id, incarnation, since },
    ...rulesOf(definition),
    agent: { free, timeLeftMs: agent.timeLeftMs() },
  };
  return {
    kind: "pick",
    request,
    store,
    ...reserved(served, { slots: undefined, claim: (signal) => store.claimNext(request, signal) }),
  };
}

type Reserved = {
  /** Undefined where the store decides which run it is. */
  readonly slots: Holding | undefined;
  readonly claim: (signal: AbortSignal) => Promise<Claim>;
  /** Told when it is there to be asked for again. */
  readonly miscounted?: () => void;
  /** Told when it is never to be asked for again at this version. */
  readonly unreadable?: () => void;
};

function reserved(
  served: Served,
  { slots, claim, miscounted, unreadable }: Reserved,
): Pick<Reservation, "during" | "take"> {
  const { agent } = served;
  const { clock, log } = agent.services;
  const sinceMs = clock.monotonicMs();
  served.claiming++;
  let open = true;
  const settle = async (claimed: Claim | undefined): Promise<void> => {
    if (!open) return;
    open = false;
    if (claimed?.kind === "lost") served.racedMs = clock.monotonicMs();
    if (claimed?.kind === "miscounted") miscounted?.();
    if (claimed?.kind === "unreadable") {
      log.warning(
        say`${claimed.runId}  left alone, as it can't be read: ${claimed.why}; ${formatCommandLine(["launch", "cancel", claimed.runId])} ends it`,
      );
      unreadable?.();
    }
    const won = claimed?.kind === "won" ? claimed : undefined;
    if (won !== undefined) {
      noteTurn(served, won.entry.queue, won.turn);
      if (slots === undefined) agent.turn = turnAfter(served, won.entry.queue);
    }
    const held = slots ?? agent.pool.take(won?.entry.run.queued?.slots ?? {});
    if (won !== undefined && held !== undefined) {
      served.start({
        entry: won.entry,
        document: won.document,
        slots: held,
        adopts: false,
        sinceMs,
        tick: served.tick(),
      });
    } else {
      if (held !== undefined) agent.pool.give(held);
      if (won !== undefined) await giveBack(served, won);
    }
    served.tick();
    served.claiming--;
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
        served.patience.worked();
        await settle(claimed);
        return claimed.kind;
      } catch (error) {
        signal.throwIfAborted();
        served.patience.failed(error);
        log.debug(say`a run could not be taken: ${messageOf(error)}`);
        return "unknown";
      } finally {
        await settle(undefined);
      }
    },
  };
}

async function giveBack(served: Served, { entry, document }: Extract<Claim, { kind: "won" }>): Promise<void> {
  const { agent, store, patience } = served;
  const waiting = doneOf(untaken(document, agent.services.clock.now()));
  await patience.insist((signal) => store.release(entry, waiting, signal), agent.writes);
}

/** What can't start anywhere is refused behind what can, a few at a look: each costs requests. True when more of it is left. */
async function refuseImpossible(served: Served, signal: AbortSignal): Promise<boolean> {
  const impossible = impossibleRuns(served);
  for (const entry of impossible.slice(0, impossiblePerLook)) {
    if (served.agent.mode() !== "working") return false;
    const kind = await claimOf(served, { entry }, {}).take(signal);
    if (kind === "unknown") return false;
  }
  return impossible.length > impossiblePerLook;
}
