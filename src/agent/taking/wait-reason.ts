import { isLauncherThere, liveEntryOf } from "../../machine/live-entry.ts";
import { rankQueue } from "../../queueing/ranked-queue.ts";
import { type Agent, attemptOf, type Served } from "../context.ts";
import { isOwn } from "../holding/takeover.ts";
import { askingOf } from "./candidates.ts";
import { impossibleRuns } from "./impossible.ts";

/**
 * Why an agent that drains its queues has to stay, in words; undefined when nothing is left for it. Runs that only others can take, and
 * leases of agents that are surely there, are not its business.
 */
export async function waitReason(agent: Agent): Promise<string | undefined> {
  for (const served of agent.stores) {
    const reason = waitingReason(served) ?? (await leaseReason(served));
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function waitingReason(served: Served): string | undefined {
  const { agent, snapshot, definitions } = served;
  if (snapshot === undefined) return "the queues have not been seen yet";
  const [impossible] = impossibleRuns(served);
  if (impossible !== undefined) return `${impossible.run.run_id} is to be refused`;
  const asking = askingOf(agent);
  const left = asking.agent?.timeLeftMs;
  for (const queue of definitions.served()) {
    for (const { waitsFor, entry } of rankQueue(queue, snapshot, asking)) {
      if (waitsFor === undefined) return `${entry.run.run_id} can start`;
      if (waitsFor.kind === "limit") return `${entry.run.run_id} waits for a limit of its queue`;
      const isSoon = left === undefined || (waitsFor.kind === "time" && waitsFor.until - asking.now < left);
      if (waitsFor.kind === "time" && isSoon) return `${entry.run.run_id} waits for its time`;
    }
  }
  return undefined;
}

async function leaseReason(served: Served): Promise<string | undefined> {
  const { agent, snapshot, liveness } = served;
  for (const entry of snapshot?.entries ?? []) {
    const { lease, run_id: runId } = entry.run;
    if (entry.place !== "leased" || lease === undefined) continue;
    if (isOwn(agent, entry)) return `${runId} is ours, and is not begun yet`;
    const { kind } = liveness.of(lease);
    const { state } = agent.services;
    const left = await liveEntryOf(state, attemptOf(served, entry.run));
    const isThere = left !== undefined && (await isLauncherThere(left, state));
    if (kind !== "seen" && !(isThere && kind === "silent"))
      return `agent ${lease.agent}, which has ${runId}, may be gone`;
  }
  return undefined;
}
