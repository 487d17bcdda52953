import { messageOf } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import { findAtResource, handleElsewhere } from "../../machine/elsewhere.ts";
import {
  isLauncherThere,
  keyOfEntry,
  type LiveEntry,
  type LiveRead,
  lookUpRun,
  type UnreadLive,
} from "../../machine/live-entry.ts";
import { restoreAs } from "../../machine/unread-entry.ts";
import type { QueueEntry, QueueSnapshot } from "../../stores/queue-store.ts";
import type { RunKey } from "../../run/handle.ts";
import type { RunDocument } from "../../run/document.ts";
import { doneOf, takenOver, untaken } from "../../run/transitions.ts";
import { type Agent, attemptOf, type Served, type Taken } from "../context.ts";
import { factOf } from "../leases/process-fact.ts";
import { servicesOf } from "./hold.ts";
import type { Lease } from "../../run/head.ts";
import { slotsForLeased } from "../taking/room.ts";
import type { Holding } from "../taking/slots.ts";
import type { HolderState } from "../leases/liveness.ts";
import { tellUnread } from "./clear-left.ts";
import { loseAttempt } from "./lose-attempt.ts";

/*
 * What a snapshot says of leases: of our own, and of those whose holder may be gone.
 *
 *   ours, in our hands       it may have been cancelled, or be another's by now
 *   ours, not in our hands   a claim whose answer was lost, or a lease that others wrote: it is begun if it could be taken now, else it waits
 *                            again. One that is elsewhere could not be reached: it is taken up again
 *   its holder was killed    here: what it left running is taken over at once, by its process being gone
 *   its holder's job ended   as the CI says: the attempt is lost at once
 *   its holder is silent     elsewhere: after its time and that of its supervisors is over, the attempt is lost
 *
 * Before the attempt of a holder that is gone is lost, its resource is asked, where that is elsewhere: what is there of it is taken over.
 * As long as there is no answer it stays as it is, since it may run.
 */
export async function watchLeases(served: Served, snapshot: QueueSnapshot, begun: number): Promise<void> {
  const { agent, holds } = served;
  const byKey = new Map(snapshot.entries.map((entry) => [`${entry.queue}/${entry.key}`, entry] as const));
  for (const hold of holds.values()) hold.see(byKey.get(`${hold.queue}/${hold.key}`), begun);
  for (const entry of snapshot.entries) {
    const { lease, run_id: runId } = entry.run;
    if (entry.place !== "leased" || lease === undefined || holds.has(runId)) continue;
    try {
      if (isOwn(agent, entry)) await recover(served, entry, begun);
      else if (agent.mode() !== "stopping") await inherit(served, entry);
    } catch (error) {
      agent.writes.throwIfAborted();
      served.patience.failed(error);
    }
  }
}

/** Takes away the beats of agents that are gone, once nothing of theirs is left that a beat could speak for. */
export async function forgetGone(served: Served, { agents, entries }: QueueSnapshot): Promise<void> {
  const { agent, store, queues } = served;
  const { state, log } = agent.services;
  for (const seen of agents) {
    const { beat } = seen;
    if (beat.agent === agent.request.agent || beat.queues.some((name) => !queues.includes(name))) continue;
    if (entries.some(({ run }) => run.lease?.agent === beat.agent)) continue;
    const holder = served.liveness.of(beat);
    const isGone = holder.kind === "expired" || (await factOf(beat, state)) === "gone" || hasJobEnded(served, holder);
    if (!isGone) continue;
    try {
      await store.forget({ agent: beat.agent, version: seen.version }, agent.writes);
    } catch (error) {
      log.debug(say`the beat of agent ${beat.agent} could not be taken away: ${messageOf(error)}`);
    }
  }
}

export function isOwn({ request, incarnation }: Agent, { run }: QueueEntry): boolean {
  return run.lease?.agent === request.agent && run.lease.incarnation === incarnation;
}

async function inherit(served: Served, entry: QueueEntry): Promise<void> {
  const { lease } = entry.run;
  if (lease === undefined) return;
  const { state } = served.agent.services;
  const left = await leftHere(served, entry);
  if (left.kind === "entry" && !(await isLauncherThere(left.entry, state))) {
    await adopt(served, entry, left.entry);
    return;
  }
  // A newer launch that wrote it may be at work, whatever is known of the agent.
  const isHere = left.kind === "entry" || (left.kind === "unreadable" && left.isNewer);
  const words = await wordsOfGone(served, lease, isHere);
  if (words === undefined || (await inheritElsewhere(served, entry))) return;
  if (left.kind === "unreadable" && !left.isNewer) await adoptUnread(served, entry, left);
  else await lose(served, entry, words);
}

/** How it is known that the holder goes on with nothing; undefined while it may. */
async function wordsOfGone(served: Served, lease: Lease, isHere: boolean): Promise<string | undefined> {
  const { state } = served.agent.services;
  const holder = served.liveness.of(lease);
  if (!isHere && (await factOf(holder.beat, state)) === "gone") {
    return `agent ${lease.agent} was killed before it had started the run`;
  }
  if (!isHere && hasJobEnded(served, holder)) return `the job of agent ${lease.agent} has ended`;
  if (holder.kind !== "expired") return undefined;
  return `agent ${lease.agent} has given no sign of life for longer than its lease allows`;
}

/** Takes over what was submitted elsewhere, wherever its agent was. False when there is nothing of it. */
async function inheritElsewhere(served: Served, entry: QueueEntry): Promise<boolean> {
  const document = await load(served, entry);
  const kind = document === undefined ? undefined : handleElsewhere(document)?.kind;
  if (document === undefined || kind === undefined) return false;
  const found = await askElsewhere(served, kind, document);
  if (found !== "there") return found === "unknown";
  const { pool } = served.agent;
  // It runs already, whether there is room for one more or not.
  const slotsOf = (): Holding => pool.take(entry.run.queued?.slots ?? {}) ?? pool.takeOver({});
  await takeOver(served, entry, { document, slotsOf });
  return true;
}

/** A resource that doesn't answer is asked again by and by: for all of its runs, as no answer keeps the agent from all else for a while. */
const firstSilenceMs = 1_000;
const longestSilenceMs = 30_000;

async function askElsewhere(
  served: Served,
  kind: string,
  { run }: RunDocument,
): Promise<"there" | "nothing" | "unknown"> {
  const { silent, agent } = served;
  const { clock, log } = agent.services;
  const before = silent.get(kind);
  if (before !== undefined && clock.monotonicMs() < before.untilMs) return "unknown";
  try {
    const found = await findAtResource(kind, attemptOf(served, run), servicesOf(served));
    silent.delete(kind);
    return found === undefined ? "nothing" : "there";
  } catch (error) {
    const waitMs = before === undefined ? firstSilenceMs : Math.min(before.waitMs * 2, longestSilenceMs);
    silent.set(kind, { waitMs, untilMs: clock.monotonicMs() + waitMs });
    const words = say`whether ${ours(run.run_id)} still runs is not known: ${messageOf(error)}`;
    if (before === undefined) log.warning(say`${words}; ${kind} is asked until it answers`);
    else log.debug(words);
    return "unknown";
  }
}

/** Asked of holders that give reason to alone, since each answer is a request. */
function hasJobEnded({ jobs }: Served, { isStale, beat }: HolderState): boolean {
  return isStale && beat?.job !== undefined && jobs?.hasEnded(beat.job) === true;
}

/** Takes a run over as it is, in the same attempt. */
async function adopt(served: Served, entry: QueueEntry, left: LiveEntry): Promise<void> {
  const document = await load(served, entry);
  if (document === undefined) return;
  const { pool } = served.agent;
  const slotsOf = (): Holding =>
    // Which they were is no longer known of one that could not be read.
    left.slots === undefined
      ? (pool.take(entry.run.queued?.slots ?? {}) ?? pool.takeOver({}))
      : pool.takeOver(left.slots);
  await takeOver(served, entry, { document, begunAs: keyOfEntry(left), slotsOf });
}

/** What it is of may run here, whatever its entry says no more: what the queue knows of it is written down anew. */
async function adoptUnread(served: Served, entry: QueueEntry, unread: UnreadLive): Promise<void> {
  const { run } = entry;
  tellUnread(served, unread);
  const known = {
    ...{ key: attemptOf(served, run), head: run, store: served.store.location },
    storeId: served.storeId,
  };
  await adopt(served, entry, await restoreAs(unread, known, served.agent.services.state));
}

/** What is noted here of the attempt, by whichever agent. */
function leftHere(served: Served, { run }: QueueEntry): Promise<LiveRead> {
  const key = attemptOf(served, run);
  return lookUpRun(served.agent.services.state, { key, run, store: served.store.location });
}

type Inherited = {
  readonly document: RunDocument;
  readonly begunAs?: RunKey;
  /** Asked for once the run is ours. */
  readonly slotsOf: () => Holding;
};

async function takeOver(served: Served, entry: QueueEntry, { document, slotsOf, ...left }: Inherited): Promise<void> {
  const { agent, store } = served;
  const lease = agent.leaseFor(entry.run.attempt);
  const held = doneOf(takenOver(document, lease));
  const written = await store.progress(entry, held, agent.writes);
  if (written.kind !== "written") return;
  const slots = slotsOf();
  agent.services.log.info(
    say`${entry.run.name}  taken over from ${entry.run.lease?.agent ?? "an agent"}, which is gone`,
  );
  begin(served, { entry: written.entry, document: held, slots, adopts: true, ...left });
}

/**
 * A lease that names this agent, of a run that isn't in its hands: a claim whose answer was lost, or what somebody else has written. What
 * runs already is taken up again; the rest is no work yet, and begins only where it could be taken now.
 */
async function recover(served: Served, entry: QueueEntry, begun: number): Promise<void> {
  // A run that was taken while the snapshot was on its way looks the same.
  if (served.claiming > 0 || served.ticks() !== begun) return;
  const document = await load(served, entry);
  if (document === undefined) return;
  if (handleElsewhere(document) !== undefined) {
    // No new claim: it could not be followed, nor be ended. Who stops leaves it to another.
    if (served.agent.mode() === "stopping" || (await inheritElsewhere(served, entry))) return;
    await lose(served, entry, "it is not at its resource any more");
    return;
  }
  const { state } = served.agent.services;
  const left = await leftHere(served, entry);
  if (left.kind === "entry" && left.entry.launcher.pid !== process.pid) {
    // Started here by another process: it is followed once that is gone.
    if (!(await isLauncherThere(left.entry, state))) await adopt(served, entry, left.entry);
    return;
  }
  if (left.kind === "unreadable") {
    // The lease is this process's, and so was what it began.
    if (!left.isNewer) await adoptUnread(served, entry, left);
    return;
  }
  if (entry.run.state !== "leased") await lose(served, entry, "its agent doesn't have it");
  else await beginIfRoom(served, entry, document);
}

/** Asks for what taking asks for: a place, slots, the queue's limits, and that it isn't paused. What can't begin waits again. */
async function beginIfRoom(served: Served, entry: QueueEntry, document: RunDocument): Promise<void> {
  const { agent, store } = served;
  // From here to its begin nothing else is taken.
  const slots = served.claiming > 0 ? undefined : slotsForLeased(served, entry);
  if (slots !== undefined) {
    begin(served, { entry, document, slots, adopts: false });
    return;
  }
  const waiting = doneOf(untaken(document, agent.services.clock.now()));
  const { kind } = await store.release(entry, waiting, agent.writes);
  if (kind !== "written") return;
  agent.services.log.info(
    say`${entry.run.name}  waits in ${entry.queue} again: it was leased to this agent, which can't begin it now`,
  );
}

function begin(served: Served, taken: Omit<Taken, "sinceMs" | "tick">): void {
  served.start({ ...taken, sinceMs: served.agent.services.clock.monotonicMs(), tick: served.tick() });
}

async function lose({ agent, store, liveness }: Served, entry: QueueEntry, words: string): Promise<void> {
  const { lease } = entry.run;
  const host = lease === undefined ? undefined : liveness.of(lease).beat?.host;
  await loseAttempt({ entry, host, words }, { ...agent.services, store }, agent.writes);
}

async function load({ agent, store }: Served, entry: QueueEntry): Promise<RunDocument | undefined> {
  return store.load(entry, agent.writes);
}
