import { LaunchError, messageOf } from "../core/errors.ts";
import { liveRunIds } from "../machine/live-entry.ts";
import type { Agent } from "./context.ts";
import type { Life } from "./leases/life.ts";
import { takeRuns } from "./taking/take.ts";
import { waitReason } from "./taking/wait-reason.ts";
import { clearLeft, forgetGone, watchLeases } from "./holding/takeover.ts";

/** Polls of an agent that waits; a store that wakes is quicker. */
const pollMs = 3_000;
/** Between two looks, however often it is woken. */
const leastPollMs = 50;
const clearEveryMs = 60_000;
const foldEveryMs = 600_000;
const keptEnded = 50;

/** The loop: looks, acts on what it sees, takes runs, and waits, until there is a reason to end. */
export async function serve(agent: Agent, life: Life): Promise<void> {
  const { clock } = agent.services;
  const { lease, idleTimeoutMs } = agent.request;
  const intervalMs = Math.min(pollMs, lease.ttlMs / 8);
  let busyMs = clock.monotonicMs();
  let clearedMs = Number.NEGATIVE_INFINITY;
  let foldedMs = clock.monotonicMs();
  for (;;) {
    const wake = life.wake();
    const begunMs = clock.monotonicMs();
    if (begunMs - clearedMs >= clearEveryMs && (await look(agent, await liveRunIds(agent.services.state)))) {
      clearedMs = begunMs;
    } else await look(agent, []);
    if (agent.snapshot !== undefined) life.obey(agent.snapshot, agent.incarnation);
    if (agent.mode() === "stopping") endRuns(agent);
    const again = await takeIfWorking(agent, life);
    if (agent.holds.size > 0) busyMs = clock.monotonicMs();
    if (agent.mode() !== "working" && agent.holds.size === 0) return;
    if (agent.mode() === "working" && agent.holds.size === 0) {
      const waits = await waitReason(agent);
      if (agent.request.drain && waits === undefined) return;
      if (idleTimeoutMs !== undefined && clock.monotonicMs() - busyMs >= idleTimeoutMs) {
        life.drain("idle");
        return;
      }
    }
    if (clock.monotonicMs() - foldedMs >= foldEveryMs) {
      foldedMs = clock.monotonicMs();
      await fold(agent);
    }
    const dueMs = again
      ? 0
      : Math.min(intervalMs, soonest(agent), idleTimeoutMs === undefined ? intervalMs : idleTimeoutMs / 2);
    await pause(agent, Math.max(leastPollMs, dueMs), wake);
  }
}

/** Until a run's time comes, or the agent's own is over, ms. */
function soonest(agent: Agent): number {
  const now = agent.services.clock.now().getTime();
  const times = (agent.snapshot?.entries ?? []).flatMap(({ place, run }) => {
    const notBefore = place === "waiting" ? run.queued?.not_before : undefined;
    const left = notBefore === undefined ? 0 : Date.parse(notBefore) - now;
    return left > 0 ? [left] : [];
  });
  return Math.min(...times, Math.max(0, agent.timeLeftMs() ?? Number.POSITIVE_INFINITY));
}

async function takeIfWorking(agent: Agent, life: Life): Promise<boolean> {
  if ((life.timeLeftMs() ?? 1) <= 0) life.drain("time-limit");
  return agent.mode() === "working" && takeRuns(agent, agent.writes);
}

/** Takes a snapshot and acts on what it says of leases; false when there was none to be had. */
async function look(agent: Agent, left: readonly string[]): Promise<boolean> {
  const { store, clock } = agent.services;
  const begun = agent.tick();
  const begunMs = clock.monotonicMs();
  try {
    await agent.definitions.refresh(agent.writes);
    const snapshot = await store.snapshot(agent.request.queues, agent.writes);
    agent.patience.worked();
    agent.snapshot = snapshot;
    forgetLost(agent);
    agent.liveness.observe(snapshot, begunMs);
    await watchLeases(agent, snapshot, begun);
    await clearLeft(agent, left, snapshot);
    await forgetGone(agent, snapshot);
    return true;
  } catch (error) {
    if (error instanceof LaunchError && error.code === "refused" && agent.snapshot === undefined) throw error;
    agent.writes.throwIfAborted();
    agent.patience.failed(error);
    return false;
  }
}

/** What is no longer there at that version can't be taken for it. */
function forgetLost({ snapshot, lost }: Agent): void {
  const names = new Set(snapshot?.entries.map(({ queue, key, version }) => `${queue}/${key}@${version}`));
  for (const name of lost.keys()) if (!names.has(name)) lost.delete(name);
}

function endRuns(agent: Agent): void {
  const why = agent.request.endedRuns === "cancel" ? "dropped" : "given-back";
  for (const hold of agent.holds.values()) hold.end(why);
}

async function fold(agent: Agent): Promise<void> {
  for (const queue of agent.request.queues) {
    const ended = agent.snapshot?.entries.filter((entry) => entry.queue === queue && entry.place === "ended") ?? [];
    if (ended.length <= keptEnded) continue;
    try {
      await agent.services.store.fold(queue, keptEnded, agent.writes);
    } catch (error) {
      agent.services.log.debug(`ended runs of queue "${queue}" could not be folded: ${messageOf(error)}`);
    }
  }
}

/** Until the store tells of a change, a run has ended, a signal has come, or the time is over. */
async function pause({ services, request }: Agent, ms: number, wake: AbortSignal): Promise<void> {
  const { clock, store } = services;
  const over = new AbortController();
  const waiting = AbortSignal.any([over.signal, wake]);
  const woken = new Promise<void>((resolve) => {
    if (wake.aborted) resolve();
    else wake.addEventListener("abort", () => resolve(), { once: true });
  });
  // A store that can't be reached may not be able to wait either: then the time is waited for.
  const told = store.wait(request.queues, ms, waiting).catch(() => clock.sleep(ms, waiting).catch(() => undefined));
  await Promise.race([told, woken]);
  over.abort();
  await clock.sleep(leastPollMs, new AbortController().signal);
}
