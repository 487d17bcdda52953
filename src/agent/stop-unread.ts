import type { UnreadableBeat } from "../stores/queue-store.ts";
import type { StopServices } from "./stop-agents.ts";

/*
 * An agent whose beat can't be read, damaged or of a newer launch. It can't be asked: nobody knows its incarnation. That its beat changes says
 * that it is there all the same, and then it is left alone; one that never changes is taken away by the agent's name.
 */
export type UnreadAgent = UnreadableBeat & { readonly agent: string };

export type UnreadAnswer =
  /** Its beat is taken away. */
  | "unread-gone"
  /** Its beat changes, so it is at work. */
  | "unread-at-work"
  /** Runs are leased to it: those who take them over come first. */
  | "unread-with-runs";

export type StoppedUnread = {
  readonly unread: UnreadAgent;
  readonly answer: UnreadAnswer;
  readonly runs: readonly string[];
};

const lookMs = 1_000;

/** Watches the beat for as long as an answer is waited for, and takes it away when nothing speaks for it. */
export async function stopUnread(
  unread: UnreadAgent,
  { store, clock, waitMs }: StopServices & { readonly waitMs: number },
  signal: AbortSignal,
): Promise<StoppedUnread> {
  const { agent, version } = unread;
  for (const endMs = clock.monotonicMs() + waitMs; ;) {
    const { agents, entries, unreadableBeats } = await store.snapshot("all", signal);
    const now = unreadableBeats?.get(agent)?.version;
    const held = entries.filter(({ place, run }) => place === "leased" && run.lease?.agent === agent);
    const runs = held.map(({ run }) => run.run_id);
    if (agents.some(({ beat }) => beat.agent === agent)) return { unread, answer: "unread-at-work", runs };
    if (now === undefined) return { unread, answer: "unread-gone", runs };
    if (now !== version) return { unread, answer: "unread-at-work", runs };
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs > 0) {
      await clock.sleep(Math.min(lookMs, leftMs), signal);
      continue;
    }
    if (runs.length > 0) return { unread, answer: "unread-with-runs", runs };
    await store.forget(unread, signal);
    return { unread, answer: "unread-gone", runs };
  }
}
