import type { AgentBeat, QueueSnapshot } from "../stores/queue-store.ts";
import type { Lease } from "../stores/store.ts";
import { boundsOf } from "./request.ts";

/*
 * Whether the holder of a lease is still there, as this observer sees it. Nobody's wall clock matters: a holder's beat changes, and we time
 * by our own monotonic clock how long it did not. Only time that we looked counts: after the store was away (or we were stopped) every
 * holder gets a new chance to say that it is there.
 */
export type Liveness = {
  /** Takes in a snapshot that was begun at this time of the monotonic clock. */
  observe(snapshot: QueueSnapshot, atMs: number): void;
  /** `silent` for as long as its beat hasn't changed, with all its watchers' time over when `expired`. `seen`: it changed while we looked. */
  of(holder: Pick<Lease, "agent" | "incarnation">): HolderState;
};

export type HolderState = { readonly kind: "seen" | "silent" | "expired"; readonly beat: AgentBeat | undefined };

type Watch = { token: string; silentMs: number; changed: boolean; beat: AgentBeat | undefined };

export function liveness(ownTtlMs: number): Liveness {
  let watches = new Map<string, Watch>();
  let lastMs: number | undefined;
  return {
    observe: (snapshot, atMs) => {
      const gap = lastMs === undefined ? 0 : atMs - lastMs;
      lastMs = atMs;
      const beats = new Map(snapshot.agents.map((seen) => [seen.beat.agent, seen]));
      const next = new Map<string, Watch>();
      const note = (agent: string, incarnation: string): void => {
        const key = `${agent}/${incarnation}`;
        if (next.has(key)) return;
        const seen = beats.get(agent);
        const own = seen?.beat.incarnation === incarnation ? seen : undefined;
        const token = own?.version ?? "gone";
        const before = watches.get(key);
        const ttlMs = own?.beat.lease.ttl_ms ?? before?.beat?.lease.ttl_ms ?? ownTtlMs;
        const same = before?.token === token;
        next.set(key, {
          token,
          silentMs: same ? before.silentMs + Math.min(gap, boundsOf(ttlMs).creditMs) : 0,
          changed: (before?.changed ?? false) || (before !== undefined && !same && own !== undefined),
          beat: own?.beat ?? before?.beat,
        });
      };
      for (const { beat } of snapshot.agents) note(beat.agent, beat.incarnation);
      for (const { run } of snapshot.entries) if (run.lease !== undefined) note(run.lease.agent, run.lease.incarnation);
      watches = next;
    },
    of: ({ agent, incarnation }) => {
      const watch = watches.get(`${agent}/${incarnation}`);
      if (watch === undefined) return { kind: "silent", beat: undefined };
      const { silentMs, changed, beat, token } = watch;
      const { takeoverMs } = boundsOf(beat?.lease.ttl_ms ?? ownTtlMs);
      if (silentMs >= takeoverMs) return { kind: "expired", beat };
      return { kind: changed && token !== "gone" ? "seen" : "silent", beat };
    },
  };
}
