import type { Clock } from "../../../core/clock.ts";
import type { SeenAgent } from "../../agent-store.ts";

/*
 * How often a host is asked. GitHub advises at most 6 pushes a minute and 15 reads a second for a repository; all agents of a store
 * share that, and each takes its part by counting the others.
 */
const pushesPerMinute = 6;

/** An agent that waits lists the refs this often: 20 times a minute. */
const pollMs = 3_000;

/** With many agents each polls less, so that all together make at most 10 reads a second. */
const pollMsPerAgent = 100;

/** A few agents that beat each minute leave pushes for their runs. */
const leastHeartbeatMs = 60_000;

export function pollInterval(agents: number): number {
  return Math.max(pollMs, agents * pollMsPerAgent);
}

/** An agent that has been silent for so many of its leases makes no pushes, whatever has become of its beat. */
const leasesOfSilence = 3;

/** Beats that were never seen to change may be anybody's words, however many there are: so many are believed. */
const unheard = 20;

type Heard = { readonly version: string; readonly sinceMs: number; readonly isChanged: boolean };

/**
 * Counts those of the agents that share a pace, from one look to the next: whose beat has changed, by our own clock, within some of its
 * leases. What is off by the clocks of their machines costs some pushes more or less.
 */
export function sharing(): (
  agents: readonly SeenAgent[],
  now: { readonly wallMs: number; readonly atMs: number },
) => number {
  let heard = new Map<string, Heard>();
  return (agents, { wallMs, atMs }) => {
    const before = heard;
    heard = new Map(
      agents.map(({ beat, version }) => {
        const known = before.get(beat.agent);
        const isSame = known?.version === version;
        return [beat.agent, isSame ? known : { version, sinceMs: atMs, isChanged: known !== undefined }];
      }),
    );
    const there = agents.filter(({ beat }) => {
      const longestMs = leasesOfSilence * beat.lease.ttl_ms;
      const { sinceMs = atMs } = heard.get(beat.agent) ?? {};
      return wallMs - Date.parse(beat.at) <= longestMs && atMs - sinceMs <= longestMs;
    });
    const changed = there.filter(({ beat }) => heard.get(beat.agent)?.isChanged === true).length;
    return changed + Math.min(there.length - changed, unheard);
  };
}

export interface Pace {
  /** Resolves when the next push may go; rejects with the signal's reason when it is aborted. */
  take(signal: AbortSignal): Promise<void>;
  /** As many share this pace, with us. */
  share(members: number): void;
  /** Lets all pushes go from now on, also those that wait: what is not said within seconds is not said by this process. */
  hurry(): void;
  /** Of an agent at this pace. */
  readonly leastHeartbeatMs: number;
}

/** Lets a minute's pushes go at once and spaces out what comes behind them, in the order in which they asked. */
export function createPace(clock: Clock): Pace {
  let members = 1;
  let free = Number.NEGATIVE_INFINITY;
  const hurried = new AbortController();
  return {
    leastHeartbeatMs,
    share: (count) => {
      members = Math.max(1, count);
    },
    hurry: () => hurried.abort(),
    take: async (signal) => {
      signal.throwIfAborted();
      if (hurried.signal.aborted) return;
      const interval = (60_000 / pushesPerMinute) * members;
      const burst = Math.max(1, Math.floor(pushesPerMinute / members));
      const now = clock.monotonicMs();
      const mine = Math.max(free, now - (burst - 1) * interval);
      free = mine + interval;
      if (mine <= now) return;
      try {
        await clock.sleep(mine - now, AbortSignal.any([signal, hurried.signal]));
      } catch (error) {
        if (isAborted(hurried.signal) && !isAborted(signal)) return;
        // Whoever stops waiting as the last gives its place back.
        if (free === mine + interval) free = mine;
        throw error;
      }
    },
  };
}

/** Asked after a wait: what was known of it before is no longer so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Without bounds: for what is on this machine. */
export const noPace: Pace = {
  take: () => Promise.resolve(),
  share: () => undefined,
  hurry: () => undefined,
  leastHeartbeatMs: 0,
};

const paces = new Map<string, Pace>();

/** The pace of a host, one for the whole process whatever stores are on it. */
export function paceOf(host: string, clock: Clock): Pace {
  const pace = paces.get(host) ?? createPace(clock);
  paces.set(host, pace);
  return pace;
}
