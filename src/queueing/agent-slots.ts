import { countOf } from "../queues/order.ts";
import type { AgentBeat } from "../run/beat.ts";
import type { QueueEntry } from "../stores/queue-store.ts";

export type AgentAtWork = {
  readonly beat: AgentBeat;
  /** What is leased to it now, as far as one has looked. */
  readonly leased: readonly QueueEntry[];
  /** All of its queues were looked at. */
  readonly isAll: boolean;
};

/** What an agent has free. Its beat tells that of the moment at which it was written; what was leased to it or has ended since, the queues. */
export function slotsNow({ beat, leased, isAll }: AgentAtWork): AgentBeat["slots"] {
  const counted = isAll ? leased : leased.filter(({ run }) => !beat.runs.includes(run.run_id));
  return Object.fromEntries(
    Object.entries(beat.slots).map(([name, { total, free, elsewhere = 0 }]) => {
      const taken = counted.reduce((sum, { run }) => sum + countOf(run.queued?.slots, name), 0);
      return [name, { total, free: Math.max(0, (isAll ? total - elsewhere : free) - taken) }];
    }),
  );
}
