import { messageOf } from "../../core/errors.ts";
import { findElsewhere, handleElsewhere } from "../../machine/elsewhere.ts";
import { clearRemains } from "../../machine/clear-run.ts";
import { isLauncherThere, type LiveEntry, readLive } from "../../machine/live-entry.ts";
import type { QueueEntry, QueueSnapshot } from "../../stores/queue-store.ts";
import type { RunDocument } from "../../run/document.ts";
import { takenOver } from "../../run/transitions.ts";
import { doneOf } from "../../run/transitions/change.ts";
import type { Agent, Taken } from "../context.ts";
import { factOf } from "../leases/process-fact.ts";
import { servicesOf } from "./hold.ts";
import type { Lease } from "../../run/head.ts";
import type { Holding } from "../taking/slots.ts";
import type { HolderState } from "../leases/liveness.ts";
import { loseAttempt } from "./lose-attempt.ts";

/*
 * What a snapshot says of leases: of our own, and of those whose holder may be gone.
 *
 *   ours, in our hands       it may have been cancelled, or be another's by now
 *   ours, not in our hands   a claim whose answer was lost: it is begun now
 *   its holder was killed    here: what it left running is taken over at once, by its process being gone
 *   its holder's job ended   as the CI says: the attempt is lost at once
 *   its holder is silent     elsewhere: after its time and that of its supervisors is over, the attempt is lost
 */
export async function watchLeases(agent: Agent, snapshot: QueueSnapshot, begun: number): Promise<void> {
  const byKey = new Map(snapshot.entries.map((entry) => [`${entry.queue}/${entry.key}`, entry] as const));
  for (const hold of agent.holds.values()) hold.see(byKey.get(`${hold.queue}/${hold.key}`), begun);
  for (const entry of snapshot.entries) {
    const { lease, run_id: runId } = entry.run;
    if (entry.place !== "leased" || lease === undefined || agent.holds.has(runId)) continue;
    try {
      if (isOwn(agent, entry)) await recover(agent, entry, begun);
      else if (agent.mode() !== "stopping") await inherit(agent, entry);
    } catch (error) {
      agent.writes.throwIfAborted();
      agent.patience.failed(error);
    }
  }
}

/** Takes away the beats of agents that are gone, once nothing of theirs is left that a beat could speak for. */
export async function forgetGone(agent: Agent, { agents, entries }: QueueSnapshot): Promise<void> {
  const { store, state, log } = agent.services;
  for (const seen of agents) {
    const { beat } = seen;
    if (beat.agent === agent.request.agent || beat.queues.some((name) => !agent.request.queues.includes(name)))
      continue;
    if (entries.some(({ run }) => run.lease?.agent === beat.agent)) continue;
    const holder = agent.liveness.of(beat);
    const isGone = holder.kind === "expired" || (await factOf(beat, state)) === "gone" || hasJobEnded(agent, holder);
    if (!isGone) continue;
    try {
      await store.forget(seen, agent.writes);
    } catch (error) {
      log.debug(`the beat of agent ${beat.agent} could not be taken away: ${messageOf(error)}`);
    }
  }
}

export function isOwn({ request, incarnation }: Agent, { run }: QueueEntry): boolean {
  return run.lease?.agent === request.agent && run.lease.incarnation === incarnation;
}

async function inherit(agent: Agent, entry: QueueEntry): Promise<void> {
  const { lease } = entry.run;
  if (lease === undefined) return;
  const { state } = agent.services;
  const left = await readLive(state, entry.run.run_id);
  const isHere = left?.host === state.host && left.attempt === entry.run.attempt;
  if (isHere && !(await isLauncherThere(left, state))) {
    await adopt(agent, entry, left);
    return;
  }
  const words = await wordsOfGone(agent, lease, isHere);
  if (words === undefined || (await inheritElsewhere(agent, entry))) return;
  await lose(agent, entry, words);
}

/** How it is known that the holder goes on with nothing; undefined while it may. */
async function wordsOfGone(agent: Agent, lease: Lease, isHere: boolean): Promise<string | undefined> {
  const { state } = agent.services;
  const holder = agent.liveness.of(lease);
  if (!isHere && (await factOf(holder.beat, state)) === "gone") {
    return `agent ${lease.agent} was killed before it had started the run`;
  }
  if (!isHere && hasJobEnded(agent, holder)) return `the job of agent ${lease.agent} has ended`;
  if (holder.kind !== "expired") return undefined;
  return `agent ${lease.agent} has given no sign of life for longer than its lease allows`;
}

/** A resource that doesn't answer is asked again at the next look. */
const askWithinMs = 10_000;

/** Takes over what was submitted elsewhere, wherever its agent was. False when there is nothing of it. */
async function inheritElsewhere(agent: Agent, entry: QueueEntry): Promise<boolean> {
  const document = await load(agent, entry);
  if (document === undefined || handleElsewhere(document) === undefined) return false;
  const signal = AbortSignal.any([agent.writes, AbortSignal.timeout(askWithinMs)]);
  try {
    if ((await findElsewhere(document, servicesOf(agent), signal)) === undefined) return false;
  } catch (error) {
    agent.writes.throwIfAborted();
    agent.services.log.warning(`whether ${entry.run.run_id} still runs is not known: ${messageOf(error)}`);
    return true;
  }
  const { pool } = agent;
  // It runs already, whether there is room for one more or not.
  await takeOver(agent, entry, document, () => pool.take(entry.run.queued?.slots ?? {}) ?? pool.takeOver({}));
  return true;
}

/** Asked of holders that give reason to alone, since each answer is a request. */
function hasJobEnded({ services }: Agent, { isStale, beat }: HolderState): boolean {
  return isStale && beat?.job !== undefined && services.jobs?.hasEnded(beat.job) === true;
}

/** Takes a run over as it is, in the same attempt. */
async function adopt(agent: Agent, entry: QueueEntry, left: LiveEntry): Promise<void> {
  const document = await load(agent, entry);
  if (document !== undefined) await takeOver(agent, entry, document, () => agent.pool.takeOver(left.slots ?? {}));
}

async function takeOver(agent: Agent, entry: QueueEntry, document: RunDocument, slotsOf: () => Holding): Promise<void> {
  const lease = agent.leaseFor(entry.run.attempt);
  const held = doneOf(takenOver(document, lease));
  const written = await agent.services.store.progress(entry, held, agent.writes);
  if (written.kind !== "written") return;
  const slots = slotsOf();
  agent.services.log.info(`${entry.run.name}  taken over from ${entry.run.lease?.agent ?? "an agent"}, which is gone`);
  begin(agent, { entry: written.entry, document: held, slots, adopts: true });
}

async function recover(agent: Agent, entry: QueueEntry, begun: number): Promise<void> {
  // A run that was taken while the snapshot was on its way looks the same.
  if (agent.claiming > 0 || agent.ticks() !== begun) return;
  const document = await load(agent, entry);
  // One that is elsewhere already is no new claim: we have left it to another.
  if (document !== undefined && handleElsewhere(document) !== undefined) return;
  const slots = document === undefined ? undefined : agent.pool.take(entry.run.queued?.slots ?? {});
  if (document !== undefined && slots !== undefined) begin(agent, { entry, document, slots, adopts: false });
}

function begin(agent: Agent, taken: Omit<Taken, "sinceMs" | "tick">): void {
  agent.start({ ...taken, sinceMs: agent.services.clock.monotonicMs(), tick: agent.tick() });
}

async function lose(agent: Agent, entry: QueueEntry, words: string): Promise<void> {
  const { lease } = entry.run;
  const host = lease === undefined ? undefined : agent.liveness.of(lease).beat?.host;
  await loseAttempt({ entry, host, words }, agent.services, agent.writes);
}

async function load(agent: Agent, entry: QueueEntry): Promise<RunDocument | undefined> {
  return agent.services.store.load(entry, agent.writes);
}

/**
 * Removes what killed agents have left here of attempts that are no longer theirs: they were taken from them, or had ended. The entries
 * are read before the snapshot, so that one that has begun since is not among them.
 */
export async function clearLeft(agent: Agent, runIds: readonly string[], snapshot: QueueSnapshot): Promise<void> {
  const { state, store, log } = agent.services;
  for (const runId of runIds) {
    const left = await readLive(state, runId);
    if (left?.queue === undefined || left.host !== state.host || left.store !== store.location) continue;
    if (!agent.request.queues.includes(left.queue) || (await isLauncherThere(left, state))) continue;
    const held = snapshot.entries.some(
      ({ place, run }) => place === "leased" && run.run_id === runId && run.attempt === left.attempt,
    );
    if (held) continue;
    try {
      await clearRemains(left, servicesOf(agent));
    } catch (error) {
      log.warning(`what is left of ${runId} could not be removed: ${messageOf(error)}`);
    }
  }
}
