import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { say } from "../../core/output/said.ts";
import { RefusedDocument } from "../../stores/refused-document.ts";

/*
 * A store that can't be reached stops no run: what is to be written to it is tried again for as long as it takes, with a random wait that
 * grows to a bound. People hear of it once, and once more when it is over.
 */
export type Patience = {
  /**
   * Tries until `work` gives an answer that isn't "unknown". Rejects when the signal is aborted, with its reason, and when the store refuses
   * what is written for what is in it.
   */
  insist<T extends { readonly kind: string }>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Exclude<T, { readonly kind: "unknown" }>>;
  /** Tells that a request failed, or that one went well. */
  failed(error: unknown): void;
  worked(): void;
  /** The last request failed. */
  isAway(): boolean;
};

const firstWaitMs = 250;

type PatienceServices = {
  readonly log: Log;
  readonly clock: Clock;
  /** The store, in words. */
  readonly name: string;
};

export function patience(longestWaitMs: number, { log, clock, name }: PatienceServices): Patience {
  let awaySince: number | undefined;
  const failed = (error: unknown): void => {
    if (awaySince !== undefined) return;
    awaySince = clock.monotonicMs();
    log.warning(say`${name} can't be reached: ${messageOf(error)}; runs go on, and it is tried again until it can`);
  };
  const worked = (): void => {
    if (awaySince === undefined) return;
    log.info(say`${name} is back after ${Math.round((clock.monotonicMs() - awaySince) / 1_000)} s`);
    awaySince = undefined;
  };
  return {
    failed,
    worked,
    isAway: () => awaySince !== undefined,
    insist: async <T extends { readonly kind: string }>(
      work: (signal: AbortSignal) => Promise<T>,
      signal: AbortSignal,
    ): Promise<Exclude<T, { readonly kind: "unknown" }>> => {
      for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
        signal.throwIfAborted();
        try {
          const result = await work(signal);
          if (isKnown(result)) {
            worked();
            return result;
          }
          failed(new Error("it gave no clean answer"));
        } catch (error) {
          signal.throwIfAborted();
          // It is there, and will say the same again.
          if (error instanceof RefusedDocument) {
            worked();
            throw error;
          }
          failed(error);
        }
        await clock.sleep(wait * (0.5 + Math.random() / 2), signal);
      }
    },
  };
}

function isKnown<T extends { readonly kind: string }>(result: T): result is Exclude<T, { readonly kind: "unknown" }> {
  return result.kind !== "unknown";
}
