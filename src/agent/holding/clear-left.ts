import { messageOf } from "../../core/errors.ts";
import { say } from "../../core/output/said.ts";
import { clearRemains } from "../../machine/clear-run.ts";
import { isLauncherThere, lookUpLive, type UnreadLive } from "../../machine/live-entry.ts";
import { sayUnread } from "../../machine/unread-entry.ts";
import type { QueueSnapshot } from "../../stores/queue-store.ts";
import { attemptOf, type Served } from "../context.ts";
import { servicesOf } from "./hold.ts";

/**
 * Removes what killed agents have left here of attempts that are no longer theirs: they were taken from them, or had ended. The entries
 * are read before the snapshot, so that one that has begun since is not among them.
 */
export async function clearLeft(served: Served, names: readonly string[], snapshot: QueueSnapshot): Promise<void> {
  const { agent, storeId, queues } = served;
  const { state, log } = agent.services;
  const leased = names.length === 0 ? [] : snapshot.entries.filter(({ place }) => place === "leased");
  const held = new Set(leased.map(({ run }) => attemptOf(served, run).identity));
  for (const name of names) {
    const read = await lookUpLive(state, name);
    if (read.kind === "unreadable") tellUnread(served, read);
    const left = read.kind === "entry" ? read.entry : undefined;
    if (left?.queue === undefined || left.host !== state.host || left.store_id !== storeId) continue;
    if (!queues.includes(left.queue) || (await isLauncherThere(left, state))) continue;
    if (held.has(left.identity)) continue;
    try {
      await clearRemains(left, servicesOf(served));
    } catch (error) {
      log.warning(say`what is left of ${left.run_id} could not be removed: ${messageOf(error)}`);
    }
  }
}

/** Once, however often it is looked at. */
export function tellUnread({ unread, agent }: Served, read: UnreadLive): void {
  if (!unread.has(read.name)) agent.services.log.warning(sayUnread(read));
  unread.add(read.name);
}
