import { setTimeout as delay } from "node:timers/promises";

/** Time as a use case sees it, so that it never reads the machine's clock by itself. */
export interface Clock {
  /** Wall clock, for people and records only: never for deadlines. */
  now(): Date;
  /** Milliseconds on a clock that never goes back: for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};
