import { describe, expect, it } from "vitest";
import { formatKey, nextKeyTime, parseKey, type QueueKey } from "../../../src/queues/key.ts";
import { newRunId } from "../../../src/run/run-id.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 10, 23);

function key(priority: 0 | 1 | 2 | 3, time: number, runId = "digits-1"): QueueKey {
  return { priority, time, runId };
}

describe("a queue's key", () => {
  it("has priority, time and run id, in this order", () => {
    // 2^50 - 1 ms is the last time that ten characters hold: all of them the 32nd of the alphabet.
    expect(formatKey(key(1, 0))).toBe("1-0000000000-digits-1");
    expect(formatKey(key(3, 33, "a"))).toBe("3-0000000011-a");
    expect(formatKey(key(0, 2 ** 50 - 1))).toBe("0-zzzzzzzzzz-digits-1");
  });

  it("sorts by name as the queue is ordered", () => {
    const ordered = [
      key(0, now + day),
      key(1, now - 1),
      key(1, now, "a"),
      key(1, now, "b"),
      key(1, now + 31),
      key(1, now + 32),
      key(2, 0),
      key(3, now),
    ];
    const names = ordered.map(formatKey);
    expect(names.toSorted()).toEqual(names);
  });

  it("gives back its parts, whatever they were", () => {
    for (let trial = 0; trial < 200; trial++) {
      const time = Math.floor(Math.random() * 2 ** 50);
      const made = { priority: 2, time, runId: newRunId(`digits ${"x".repeat(trial % 40)}`, new Date(now)) } as const;
      expect(parseKey(formatKey(made))).toEqual(made);
      expect(formatKey(made).length).toBeLessThanOrEqual(64);
    }
  });

  it.each([
    "",
    "1-0000000000",
    "1-0000000000-",
    "4-0000000000-digits-1",
    "-1-0000000000-digits-1",
    "1-000000000-digits-1",
    "1-00000000000-digits-1",
    "1-000000000u-digits-1",
    "1-000000000I-digits-1",
    "1-0000000000-Digits",
    "1-0000000000-digits/1",
    "1-0000000000-digits-1.lock",
    "1-0000000000--digits",
    `1-0000000000-${"a".repeat(41)}`,
  ])("is not %j", (text) => {
    expect(parseKey(text)).toBeUndefined();
  });

  it("gets the clock's time, or one later than the newest of its priority when the clock is behind", () => {
    expect(nextKeyTime([], 1, now)).toBe(now);
    expect(nextKeyTime([key(1, now - day)], 1, now)).toBe(now);
    expect(nextKeyTime([key(1, now + day), key(1, now)], 1, now)).toBe(now + day + 1);
    expect(nextKeyTime([key(0, now + day), key(2, now + day)], 1, now)).toBe(now);
  });
});
