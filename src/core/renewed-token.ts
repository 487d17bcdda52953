import type { Clock } from "./clock.ts";
import { say } from "./output/said.ts";
import { messageOf } from "./errors.ts";
import type { Log } from "./output/log.ts";
import type { TokenSource } from "./token.ts";

export type FreshToken = {
  readonly token: string;
  /** For how long it is good from now on. */
  readonly lifetimeMs: number;
};

export type RenewedToken = {
  /** Makes one; bounded in time by itself. */
  readonly obtain: () => Promise<FreshToken>;
  /** Of whom, for messages: `GitHub App 12`. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
};

/** A token is replaced so long before its end, or at half of its life where that is short: a push may take a while. */
const marginMs = 5 * 60_000;
/** A new one may not be known everywhere at once. */
const settlingMs = 10_000;
/** A host that turns away one new token after another won't like the next either. */
const forcedEveryMs = 60_000;
const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** Runs may have been told of them. */
const remembered = 3;

/** How long after it was made one of this lifetime is made anew. */
export function renewAfterMs(lifetimeMs: number): number {
  return Math.max(lifetimeMs - marginMs, lifetimeMs / 2);
}

type Current = { readonly text: string; readonly madeMs: number; readonly renewMs: number; readonly endMs: number };

/** A token that is made anew before it runs out, and when the host turns it away. While that fails, the old one is used to its end. */
export function renewedToken({ obtain, name, clock, log }: RenewedToken): TokenSource {
  let current: Current | undefined;
  let known: readonly string[] = [];
  let pending: Promise<string> | undefined;
  let forced = false;
  let forcedMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let nextMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  const renew = async (): Promise<string> => {
    try {
      const { token, lifetimeMs } = await obtain();
      const madeMs = clock.monotonicMs();
      const renewMs = madeMs + renewAfterMs(lifetimeMs);
      current = { text: token, madeMs, renewMs, endMs: madeMs + lifetimeMs };
      known = [token, ...known.filter((text) => text !== token)].slice(0, remembered);
      forced = false;
      failures = 0;
      return token;
    } catch (error) {
      failure = error;
      const wait = Math.min(longestWaitMs, firstWaitMs * 2 ** failures++);
      nextMs = clock.monotonicMs() + wait * (0.5 + Math.random() / 2);
      if (failures === 1)
        log.warning(say`the token of ${name} could not be renewed: ${messageOf(error)}; trying again`);
      throw error;
    } finally {
      pending = undefined;
    }
  };

  return {
    get: async (signal) => {
      signal.throwIfAborted();
      const now = clock.monotonicMs();
      const usable = current !== undefined && !forced && now < current.endMs ? current.text : undefined;
      if (current !== undefined && usable !== undefined && now < current.renewMs) return usable;
      if (pending === undefined && failures > 0 && now < nextMs) {
        if (usable !== undefined) return usable;
        throw failure;
      }
      try {
        return await whileWanted((pending ??= renew()), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (usable !== undefined) return usable;
        throw error;
      }
    },
    refused: (token) => {
      if (token !== current?.text) return true;
      const now = clock.monotonicMs();
      if (now - current.madeMs < settlingMs) return true;
      if (now - forcedMs < forcedEveryMs) return false;
      forced = true;
      forcedMs = now;
      return true;
    },
    known: () => known,
  };
}

/** One who gives up waiting doesn't stop the work that others wait for. */
async function whileWanted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
