import { LaunchError, messageOf } from "../core/errors.ts";
import { named, say } from "../core/output/said.ts";
import { liveNames } from "../machine/live-entry.ts";
import { type Agent, holdsOf, type Served } from "./context.ts";
import { startHeartbeat } from "./leases/heartbeat.ts";
import type { Life } from "./leases/life.ts";
import { ownBeatOf } from "./leases/own-beat.ts";
import { tellWhoWaits } from "./taking/room.ts";
import { takeRuns } from "./taking/take.ts";
import { waitReason } from "./taking/wait-reason.ts";
import { sweepElsewhere } from "./holding/sweep-elsewhere.ts";
import { clearLeft } from "./holding/clear-left.ts";
import { forgetGone, watchLeases } from "./holding/takeover.ts";

/** Polls of an agent that waits; a store that wakes is quicker. */
const pollMs = 3_000;
/** Between two looks, however often it is woken. */
const leastPollMs = 50;
const clearEveryMs = 60_000;
const foldEveryMs = 600_000;
const keptEnded = 50;

/** Serves each store by itself, until there is a reason for the agent to end. An error that ends one ends the agent, once its runs are over. */
export async function serve(agent: Agent, life: Life, signal: AbortSignal): Promise<void> {
  const activity = { lastMs: agent.services.clock.monotonicMs() };
  const served = agent.stores.map(async (each) => {
    try {
      if (!(await begin(each, life, signal))) return;
      // To wait until its id is free is no idleness.
      activity.lastMs = agent.services.clock.monotonicMs();
      await serveStore(each, life, activity);
    } catch (error) {
      if (agent.stores.length > 1) agent.services.log.warning(say`the agent ends: ${messageOf(error)}`);
      life.finish(undefined);
      throw error;
    }
  });
  const failed = (await Promise.allSettled(served)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Takes the agent's id in this store; false when the agent takes nothing more before it could, and serves others. */
async function begin(served: Served, life: Life, signal: AbortSignal): Promise<boolean> {
  const { agent, store } = served;
  const { lease } = agent.request;
  const context = {
    ...agent.services,
    ...lease,
    store,
    incarnation: agent.incarnation,
    current: await ownBeatOf(served),
    onConflict: () => life.drain("conflict"),
  };
  try {
    served.heartbeat = await startHeartbeat(context, AbortSignal.any([signal, life.leaving]));
    return true;
  } catch (error) {
    if (life.leaving.aborted && agent.stores.some(({ heartbeat }) => heartbeat !== undefined)) return false;
    throw error;
  }
}

/** When the agent, in whichever store, last had something to do. */
type Activity = { lastMs: number };

/** The loop: looks, acts on what it sees, takes runs, and waits, until there is a reason to end. */
async function serveStore(served: Served, life: Life, activity: Activity): Promise<void> {
  const { agent } = served;
  const { clock, state } = agent.services;
  const { lease, idleTimeoutMs } = agent.request;
  const intervalMs = Math.min(pollMs, lease.ttlMs / 8);
  let clearedMs = Number.NEGATIVE_INFINITY;
  let foldedMs = clock.monotonicMs();
  for (;;) {
    const wake = AbortSignal.any([life.wake(), served.waking.signal()]);
    const begunMs = clock.monotonicMs();
    served.busySinceMs = begunMs;
    if (begunMs - clearedMs >= clearEveryMs && (await look(served, await liveNames(state)))) clearedMs = begunMs;
    else await look(served, undefined);
    if (served.snapshot !== undefined) life.obey(served.snapshot, agent.incarnation);
    if (agent.mode() === "stopping") endRuns(agent);
    const again = await takeIfWorking(served, life);
    served.busySinceMs = undefined;
    tellWhoWaits(served);
    if (await isOver(agent, life, activity)) return;
    if (clock.monotonicMs() - foldedMs >= foldEveryMs) {
      foldedMs = clock.monotonicMs();
      await fold(served);
    }
    const dueMs = again
      ? 0
      : Math.min(intervalMs, soonest(served), idleTimeoutMs === undefined ? intervalMs : idleTimeoutMs / 2);
    await pause(served, Math.max(leastPollMs, dueMs), wake);
  }
}

/** Whether the agent has ended, as far as this store's loop can tell; the others' see it when they are woken. */
async function isOver(agent: Agent, life: Life, activity: Activity): Promise<boolean> {
  const { request, services } = agent;
  const isIdle = (): boolean => holdsOf(agent).length === 0 && agent.stores.every(({ claiming }) => claiming === 0);
  if (!isIdle()) {
    activity.lastMs = services.clock.monotonicMs();
    return false;
  }
  if (agent.mode() !== "working") return true;
  const waits = await waitReason(agent);
  if (request.drain && waits === undefined && isIdle()) {
    life.finish("drained");
    return true;
  }
  const { idleTimeoutMs } = request;
  if (idleTimeoutMs === undefined || services.clock.monotonicMs() - activity.lastMs < idleTimeoutMs) return false;
  life.drain("idle");
  return true;
}

/** Until a run's time comes, or the agent's own is over, ms. */
function soonest({ agent, snapshot }: Served): number {
  const now = agent.services.clock.now().getTime();
  const times = (snapshot?.entries ?? []).flatMap(({ place, run }) => {
    const notBefore = place === "waiting" ? run.queued?.not_before : undefined;
    const left = notBefore === undefined ? 0 : Date.parse(notBefore) - now;
    return left > 0 ? [left] : [];
  });
  return Math.min(...times, Math.max(0, agent.timeLeftMs() ?? Number.POSITIVE_INFINITY));
}

async function takeIfWorking(served: Served, life: Life): Promise<boolean> {
  const { agent } = served;
  if ((life.timeLeftMs() ?? 1) <= 0) life.drain("time-limit");
  return agent.mode() === "working" && takeRuns(served, agent.writes);
}

/**
 * Takes a snapshot and acts on what it says of leases; false when there was none to be had. With the entries of this machine, what is left
 * of attempts that are over is removed.
 */
async function look(served: Served, left: readonly string[] | undefined): Promise<boolean> {
  const { agent, store, queues } = served;
  const begun = served.tick();
  const begunMs = agent.services.clock.monotonicMs();
  try {
    await served.definitions.refresh(agent.writes);
    const snapshot = await store.snapshot(queues, agent.writes);
    served.storeId ??= await store.identify(agent.writes);
    served.patience.worked();
    served.snapshot = snapshot;
    forgetLost(served);
    served.liveness.observe(snapshot, begunMs);
    await watchLeases(served, snapshot, begun);
    if (left !== undefined) {
      await clearLeft(served, left, snapshot);
      await sweepElsewhere(served, snapshot);
    }
    await forgetGone(served, snapshot);
    return true;
  } catch (error) {
    if (error instanceof LaunchError && error.code === "refused" && served.snapshot === undefined) throw error;
    agent.writes.throwIfAborted();
    served.patience.failed(error);
    return false;
  }
}

/** What is no longer there at that version can't be taken for it. */
function forgetLost({ snapshot, lost }: Served): void {
  const names = new Set(snapshot?.entries.map(({ queue, key, version }) => `${queue}/${key}@${version}`));
  for (const name of lost.keys()) if (!names.has(name)) lost.delete(name);
}

function endRuns(agent: Agent): void {
  const why = agent.request.endedRuns === "cancel" ? "dropped" : "given-back";
  for (const hold of holdsOf(agent)) hold.end(why);
}

/** What can't be folded is told once, and again when it is something else: it is tried for as long as the agent is there. */
async function fold({ agent, store, queues, snapshot, unfolded }: Served): Promise<void> {
  for (const queue of queues) {
    const ended = snapshot?.entries.filter((entry) => entry.queue === queue && entry.place === "ended") ?? [];
    if (ended.length <= keptEnded) continue;
    try {
      await store.fold(queue, keptEnded, agent.writes);
      unfolded.delete(queue);
    } catch (error) {
      const { log } = agent.services;
      const said = say`ended runs of queue "${named(queue)}" could not be folded: ${messageOf(error)}`;
      if (unfolded.get(queue) === messageOf(error)) log.debug(said);
      else log.warning(said);
      unfolded.set(queue, messageOf(error));
    }
  }
}

/** Until the store tells of a change, a run has ended, a signal has come, or the time is over. */
async function pause({ agent, store, queues }: Served, ms: number, wake: AbortSignal): Promise<void> {
  const { clock } = agent.services;
  const over = new AbortController();
  const waiting = AbortSignal.any([over.signal, wake]);
  const woken = new Promise<void>((resolve) => {
    if (wake.aborted) resolve();
    else wake.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
  });
  // A store that can't be reached may not be able to wait either: then the time is waited for.
  const told = store.wait(queues, ms, waiting).catch(() => clock.sleep(ms, waiting).catch(() => undefined));
  await Promise.race([told, woken]);
  over.abort();
  await clock.sleep(leastPollMs, new AbortController().signal);
}
