/** A time in ms, and how far off it may be: the middle half of what was seen. */
export type Estimate = { readonly ms: number; readonly lowMs: number; readonly highMs: number; readonly from: number };

/** Median and quartiles of past durations (ms); undefined when there are none. */
export function durationOf(past: readonly number[]): Estimate | undefined {
  if (past.length === 0) return undefined;
  const sorted = [...past].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = (sorted.length - 1) * share;
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? low;
    return low + (high - low) * (place - Math.floor(place));
  };
  return { ms: at(0.5), lowMs: at(0.25), highMs: at(0.75), from: past.length };
}

export type StartRequest = {
  /** Runs ahead in the queue that will start before it. */
  readonly ahead: number;
  /** How long each run that runs now has done so, ms. */
  readonly runningForMs: readonly number[];
  /** Runs that can run at the same time; 0 when nobody serves the queue. */
  readonly places: number;
  readonly duration: Estimate | undefined;
};

/**
 * When a waiting run may start: the places become free one after another, each as long after its start as runs have lasted.
 * Undefined when nobody serves the queue or nothing is known of durations.
 */
export function startEstimate({ ahead, runningForMs, places, duration }: StartRequest): Estimate | undefined {
  if (places <= 0 || duration === undefined) return undefined;
  const after = (lasting: number): number => {
    const free = runningForMs.slice(0, places).map((ms) => Math.max(0, lasting - ms));
    while (free.length < places) free.push(0);
    for (let i = 0; i < ahead; i++) {
      free.sort((a, b) => a - b);
      free[0] = (free[0] ?? 0) + lasting;
    }
    return Math.min(...free);
  };
  return { ms: after(duration.ms), lowMs: after(duration.lowMs), highMs: after(duration.highMs), from: duration.from };
}
