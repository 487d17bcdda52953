import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import type { PullCredential } from "../../../src/registries/registry.ts";
import { renewedCredential } from "../../../src/registries/renewed-credential.ts";

const minute = 60_000;
const hour = 60 * minute;
const signal = new AbortController().signal;

/** A registry that gives the logins p1, p2, … for so long each, on a clock that is moved by hand; each refusal is one in vain. */
function place(lifetimeMs: number | undefined) {
  let time = 1_800_000_000_000;
  let asked = 0;
  let isAway = false;
  const clock: Clock = {
    now: () => new Date(time),
    monotonicMs: () => time - 1_700_000_000_000,
    sleep: () => Promise.reject(new Error("nothing sleeps here")),
  };
  const credential = renewedCredential(() => {
    if (isAway) return Promise.reject(new Error("no answer"));
    const expiresAt = lifetimeMs === undefined ? undefined : new Date(time + lifetimeMs);
    return Promise.resolve<PullCredential>({ host: "h", username: "u", password: `p${++asked}`, expiresAt });
  }, clock);
  return {
    password: async () => (await credential(signal))?.password,
    credential,
    pass: (ms: number) => void (time += ms),
    away: (away: boolean) => void (isAway = away),
  };
}

describe("a registry's login", () => {
  it.each([
    [5 * minute, 2.4 * minute, 0.2 * minute],
    [10 * minute, 4.9 * minute, 0.2 * minute],
    [hour, 54.9 * minute, 0.2 * minute],
    [12 * hour, 12 * hour - 5.1 * minute, 0.2 * minute],
  ])("that is good for %i ms is kept for %i ms, and another is got before it ends", async (lifetime, kept, more) => {
    const { password, pass } = place(lifetime);
    expect(await password()).toBe("p1");
    pass(kept);
    expect(await password()).toBe("p1");
    pass(more);
    expect(await password()).toBe("p2");
    pass(kept);
    expect(await password()).toBe("p2");
  });

  it("is fresh for a run that has waited 13 hours to be pulled", async () => {
    const { credential, pass } = place(12 * hour);
    const first = await credential(signal);
    pass(13 * hour);
    const second = await credential(signal);
    expect([first?.password, second?.password]).toEqual(["p1", "p2"]);
    expect(second?.expiresAt?.getTime()).toBe((first?.expiresAt?.getTime() ?? 0) + 13 * hour);
  });

  it("is used to its end while no other is to be had, and not after", async () => {
    const { password, pass, away } = place(hour);
    expect(await password()).toBe("p1");
    away(true);
    pass(56 * minute);
    expect(await password()).toBe("p1");
    away(false);
    expect(await password()).toBe("p2");
    away(true);
    pass(61 * minute);
    await expect(password()).rejects.toThrow("no answer");
    away(false);
    expect(await password()).toBe("p3");
  });

  it("that says of no end is asked for each time", async () => {
    const { password } = place(undefined);
    expect([await password(), await password()]).toEqual(["p1", "p2"]);
  });

  it("is asked for by nobody who has given up", async () => {
    const { credential, password } = place(hour);
    await expect(credential(AbortSignal.abort(new Error("ended")))).rejects.toThrow("ended");
    expect(await password()).toBe("p1");
  });
});
