/** What wakes a loop that waits, or has it look again at once where it does not. */
export type Waking = {
  /** Aborted at the next call of `wake`. Asked for before a look, it misses nothing. */
  readonly signal: () => AbortSignal;
  readonly wake: () => void;
};

export function waking(): Waking {
  let current = new AbortController();
  return {
    signal: () => {
      if (current.signal.aborted) current = new AbortController();
      return current.signal;
    },
    wake: () => current.abort(),
  };
}
