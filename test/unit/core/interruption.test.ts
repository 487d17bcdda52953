import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Interruption, interruption } from "../../../src/core/interruption.ts";

const signals: Readonly<Record<string, NodeJS.Signals>> = { INT: "SIGINT", TERM: "SIGTERM", HUP: "SIGHUP" };

describe("signals", () => {
  let now = 0;
  let interrupted: Interruption;
  let said: string[];
  beforeEach(() => {
    now = 1_000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    said = [];
  });
  afterEach(() => {
    interrupted.stop();
    vi.restoreAllMocks();
  });
  const begin = (anyCounts: boolean): void => {
    const say = (what: string) => (name: string) => void said.push(`${what} ${name}`);
    interrupted = interruption({
      onFirst: say("first"),
      onSecond: say("second"),
      onForce: say("force"),
      ...(anyCounts ? { anyCounts } : {}),
    });
  };
  /** `+` is a while; without it, a signal is the echo of the one before. */
  const send = (words: string): void => {
    for (const word of words.split(" ")) {
      if (word === "+") now += 1_000;
      else process.emit(signals[word] ?? "SIGINT", signals[word] ?? "SIGINT");
    }
  };

  test.each([
    ["INT", ["first SIGINT"]],
    ["TERM", ["first SIGTERM"]],
    ["TERM TERM", ["first SIGTERM"]],
    ["TERM + TERM + TERM", ["first SIGTERM"]],
    ["TERM + HUP", ["first SIGTERM"]],
    ["INT INT", ["first SIGINT"]],
    ["INT + INT", ["first SIGINT", "second SIGINT"]],
    ["INT + TERM + INT", ["first SIGINT", "second SIGINT"]],
    ["TERM + INT + INT", ["first SIGTERM", "second SIGINT", "force SIGINT"]],
  ])("%s: a second SIGINT alone is one more", (words, expected) => {
    begin(false);
    send(words);
    expect(said).toEqual(expected);
    expect(interrupted.signal.aborted).toBe(true);
    expect(interrupted.force.aborted).toBe(expected.length > 1);
  });

  test.each([
    ["TERM", ["first SIGTERM"]],
    ["TERM TERM HUP", ["first SIGTERM"]],
    ["TERM + TERM", ["first SIGTERM", "second SIGTERM"]],
    ["TERM + TERM TERM", ["first SIGTERM", "second SIGTERM"]],
    ["INT + TERM", ["first SIGINT", "second SIGTERM"]],
    ["HUP + TERM", ["first SIGHUP", "second SIGTERM"]],
    ["TERM + INT", ["first SIGTERM", "second SIGINT"]],
    ["TERM + TERM + TERM", ["first SIGTERM", "second SIGTERM", "force SIGTERM"]],
    ["INT + INT + HUP", ["first SIGINT", "second SIGINT", "force SIGHUP"]],
  ])("%s: each counts, where any does", (words, expected) => {
    begin(true);
    send(words);
    expect(said).toEqual(expected);
    expect(interrupted.force.aborted).toBe(expected.length > 1);
  });
});
