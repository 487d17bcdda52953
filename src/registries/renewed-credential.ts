import type { Clock } from "../core/clock.ts";
import { renewAfterMs } from "../core/renewed-token.ts";
import type { PullCredential, Registry } from "./registry.ts";

type Kept = { readonly credential: PullCredential; readonly renewMs: number; readonly endMs: number };

/**
 * A login that is kept as long as it is good, and asked for again some time before its end, however long its user has waited. While
 * that fails, the old one is used to its end. One that says of no end is asked for each time.
 */
export function renewedCredential(obtain: Registry["credential"], clock: Clock): Registry["credential"] {
  let kept: Kept | undefined;
  return async (signal) => {
    signal.throwIfAborted();
    const known = kept;
    const now = clock.monotonicMs();
    if (known !== undefined && now < known.renewMs) return known.credential;
    try {
      const credential = await obtain(signal);
      kept = keptFrom(credential, clock);
      return credential;
    } catch (error) {
      signal.throwIfAborted();
      if (known !== undefined && clock.monotonicMs() < known.endMs) return known.credential;
      throw error;
    }
  };
}

function keptFrom(credential: PullCredential | undefined, clock: Clock): Kept | undefined {
  if (credential?.expiresAt === undefined) return undefined;
  const lifetimeMs = credential.expiresAt.getTime() - clock.now().getTime();
  const now = clock.monotonicMs();
  return { credential, renewMs: now + renewAfterMs(lifetimeMs), endMs: now + lifetimeMs };
}
