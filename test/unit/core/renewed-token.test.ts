import { describe, expect, it } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { type FreshToken, renewedToken } from "../../../src/core/renewed-token.ts";
import type { TokenSource } from "../../../src/core/token.ts";

const minute = 60_000;
const hour = 60 * minute;
const signal = new AbortController().signal;

/** A source of t1, t2, … that are good for an hour each, on a clock that is moved by hand. */
function place(obtain?: (count: number) => Promise<FreshToken>) {
  let time = 1_000_000;
  let count = 0;
  const clock: Clock = {
    now: () => new Date(time),
    monotonicMs: () => time,
    sleep: () => Promise.reject(new Error("nothing sleeps here")),
  };
  const make = obtain ?? ((number) => Promise.resolve({ token: `t${number}`, lifetimeMs: hour }));
  const source: TokenSource = renewedToken({ obtain: () => make(++count), name: "App 1", clock, log: silentLog });
  return {
    source,
    get: () => source.get(signal),
    pass: (ms: number) => {
      time += ms;
    },
    made: () => count,
  };
}

describe("a token that is renewed", () => {
  it("is used until five minutes before its end", async () => {
    const { get, pass } = place();
    expect(await get()).toBe("t1");
    pass(54 * minute);
    expect(await get()).toBe("t1");
    pass(2 * minute);
    expect(await get()).toBe("t2");
  });

  it("is made once for all who ask at the same time", async () => {
    const { get, made } = place();
    expect(await Promise.all([get(), get(), get()])).toEqual(["t1", "t1", "t1"]);
    expect(made()).toBe(1);
  });

  it("is used to its end while no other is to be had, and asked for ever less often", async () => {
    const { get, pass, made } = place((count) =>
      count === 1 ? Promise.resolve({ token: "t1", lifetimeMs: hour }) : Promise.reject(new Error("HTTP 502")),
    );
    await get();
    pass(56 * minute);
    for (let second = 0; second < 3 * 60; second++) {
      expect(await get()).toBe("t1");
      pass(1_000);
    }
    // 1, 2, 4, 8, 16, 32, 60 s between them at most, and half of that at least.
    expect(made()).toBeGreaterThan(5);
    expect(made()).toBeLessThan(14);
    pass(2 * minute);
    await expect(get()).rejects.toThrow("HTTP 502");
  });

  it("is made anew when the host turns it away, though not again and again", async () => {
    const { source, get, pass } = place();
    await get();
    // It may not be known everywhere yet.
    expect(source.refused("t1")).toBe(true);
    expect(await get()).toBe("t1");
    pass(20_000);
    expect(source.refused("t1")).toBe(true);
    expect(await get()).toBe("t2");
    expect(source.refused("t1")).toBe(true);
    expect(await get()).toBe("t2");
    pass(20_000);
    expect(source.refused("t2")).toBe(false);
    pass(minute);
    expect(source.refused("t2")).toBe(true);
    expect(await get()).toBe("t3");
    expect(source.known()).toEqual(["t3", "t2", "t1"]);
  });

  it("is waited for by nobody who gives up, and is there for the next", async () => {
    const answer = Promise.withResolvers<FreshToken>();
    const { source, get } = place(() => answer.promise);
    const impatient = new AbortController();
    const waiting = source.get(impatient.signal);
    impatient.abort(new Error("no longer wanted"));
    await expect(waiting).rejects.toThrow("no longer wanted");
    answer.resolve({ token: "t1", lifetimeMs: hour });
    expect(await get()).toBe("t1");
  });
});
