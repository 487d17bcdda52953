import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { beside } from "../../../src/launch/phases.ts";

/** Lasts until it is ended, and takes a moment to clean up. */
async function untilEnded(signal: AbortSignal, ended: () => void): Promise<never> {
  await delay(60_000, undefined, { signal }).catch(() => undefined);
  await delay(5);
  ended();
  throw new Error("was ended");
}

describe("one thing beside another", () => {
  const { signal } = new AbortController();

  test("gives the result when both have ended", async () => {
    let other = false;
    const result = await beside(
      () => Promise.resolve("built"),
      () => delay(5).then(() => (other = true)),
      signal,
    );
    expect([result, other]).toEqual(["built", true]);
  });

  test("ends the work when the other fails, and throws that failure after both have ended", async () => {
    let ended = false;
    const both = beside(
      (ending) => untilEnded(ending, () => (ended = true)),
      () => Promise.reject(new Error("the store refuses")),
      signal,
    );
    await expect(both).rejects.toThrow("the store refuses");
    expect(ended).toBe(true);
  });

  test("ends the other when the work fails", async () => {
    let ended = false;
    const both = beside(
      () => Promise.reject(new Error("the build fails")),
      (ending) => untilEnded(ending, () => (ended = true)),
      signal,
    );
    await expect(both).rejects.toThrow("the build fails");
    expect(ended).toBe(true);
  });

  test("ends both when it is cancelled", async () => {
    const cancel = new AbortController();
    let ended = 0;
    const one = (ending: AbortSignal): Promise<never> => untilEnded(ending, () => ended++);
    const both = beside(one, one, cancel.signal);
    cancel.abort();
    await expect(both).rejects.toThrow("was ended");
    expect(ended).toBe(2);
  });
});
