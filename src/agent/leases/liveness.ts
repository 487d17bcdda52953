import type { AgentBeat } from "../../run/beat.ts";
import type { SeenAgent } from "../../stores/agent-store.ts";
import type { QueueSnapshot } from "../../stores/queue-store.ts";
import type { Lease } from "../../run/head.ts";
import { boundsOf } from "../request.ts";

/*
 * Whether the holder of a lease is still there, as this observer sees it. Nobody's wall clock matters: a holder's beat changes, and we time
 * by our own monotonic clock how long it did not. Only time that we looked counts: after the store was away (or we were stopped) every
 * holder gets a new chance to say that it is there. And only while our own beats get through: a store that can be read but not written
 * (its disk is full) makes everybody silent.
 */
export type Liveness = {
  /** Takes in a snapshot that was begun at this time of the monotonic clock. */
  observe(snapshot: QueueSnapshot, atMs: number): void;
  /** `silent` for as long as its beat hasn't changed, with all its watchers' time over when `expired`. `seen`: it changed while we looked. */
  of(holder: Pick<Lease, "agent" | "incarnation">): HolderState;
};

export type HolderState = {
  readonly kind: "seen" | "silent" | "expired";
  /** A beat of it is overdue, or none was seen to change yet: worth asking whoever else may know. */
  readonly isStale: boolean;
  readonly beat: AgentBeat | undefined;
};

type Watch = { token: string; silentMs: number; changed: boolean; beat: AgentBeat | undefined };

export function liveness(ownTtlMs: number, own: Pick<Lease, "agent" | "incarnation">): Liveness {
  let watches = new Map<string, Watch>();
  let lastMs: number | undefined;
  return {
    observe: (snapshot, atMs) => {
      const gap = lastMs === undefined ? 0 : atMs - lastMs;
      lastMs = atMs;
      const beats = new Map(snapshot.agents.map((seen) => [seen.beat.agent, seen]));
      const next = new Map<string, Watch>();
      const ownBeat = beats.get(own.agent);
      const isHeard = ownBeat?.beat.incarnation === own.incarnation && isFresh(watches.get(nameOf(own)), ownBeat);
      const note = (agent: string, incarnation: string): void => {
        const key = nameOf({ agent, incarnation });
        if (next.has(key)) return;
        const seen = beats.get(agent);
        const current = seen?.beat.incarnation === incarnation ? seen : undefined;
        // A newer launch's beat says nothing to us but that it is there.
        const token = current?.version ?? snapshot.unreadableBeats?.get(agent)?.version ?? "gone";
        const before = watches.get(key);
        const ttlMs = current?.beat.lease.ttl_ms ?? before?.beat?.lease.ttl_ms ?? ownTtlMs;
        const same = before?.token === token;
        const counts = isHeard || agent === own.agent;
        next.set(key, {
          token,
          silentMs: same ? before.silentMs + (counts ? Math.min(gap, boundsOf(ttlMs).creditMs) : 0) : 0,
          changed: (before?.changed ?? false) || (before !== undefined && !same && current !== undefined),
          beat: current?.beat ?? before?.beat,
        });
      };
      for (const { beat } of snapshot.agents) note(beat.agent, beat.incarnation);
      for (const { run } of snapshot.entries) if (run.lease !== undefined) note(run.lease.agent, run.lease.incarnation);
      watches = next;
    },
    of: ({ agent, incarnation }) => {
      const watch = watches.get(nameOf({ agent, incarnation }));
      if (watch === undefined) return { kind: "silent", isStale: true, beat: undefined };
      const { silentMs, changed, beat, token } = watch;
      const { takeoverMs } = boundsOf(beat?.lease.ttl_ms ?? ownTtlMs);
      if (silentMs >= takeoverMs) return { kind: "expired", isStale: true, beat };
      const isSeen = changed && token !== "gone";
      return { kind: isSeen ? "seen" : "silent", isStale: !isSeen || isOverdue(silentMs, beat), beat };
    },
  };
}

function nameOf({ agent, incarnation }: Pick<Lease, "agent" | "incarnation">): string {
  return `${agent}/${incarnation}`;
}

/** Whether our own beat has changed within the time in which it should have. */
function isFresh(watch: Watch | undefined, { beat, version }: SeenAgent): boolean {
  return watch?.token !== version || !isOverdue(watch.silentMs, beat);
}

function isOverdue(silentMs: number, beat: AgentBeat | undefined): boolean {
  return beat !== undefined && silentMs > beat.lease.heartbeat_ms + boundsOf(beat.lease.ttl_ms).creditMs;
}
