import fc from "fast-check";
import { expect, test } from "vitest";
import { heldHeadBytes, largeHeadsBytes, smallHeadBytes } from "../../../src/run/bounds.ts";
import { setLargeAside } from "../../../src/stores/large-heads.ts";
import { mayBeAtWork, type QueueEntry, type UnreadableEntry } from "../../../src/stores/queue-store.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const none: readonly UnreadableEntry[] = [];
const place = fc.constantFrom("waiting" as const, "leased" as const, "ended" as const);
const item = fc.record({
  place,
  bytes: fc.integer({ min: smallHeadBytes + 1, max: heldHeadBytes }),
  isLarge: fc.boolean(),
});

test("a listing holds every small head and as many large ones as there is room for, those under way before those that wait", () => {
  let aside = 0;
  const { run } = queuedDocument("digits-1");
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 600 }), (items, times) => {
      const all = Array.from({ length: items.length * times }, (_, at) => ({ ...items[at % items.length]!, at }));
      const large = new Map<QueueEntry, number>();
      const entries = all.map(({ place, bytes, isLarge, at }): QueueEntry => {
        const key = String(at).padStart(6, "0");
        const entry: QueueEntry = { queue: "gpu", key, place, version: `v${at}`, run, cancelRequested: false };
        if (isLarge) large.set(entry, bytes);
        return entry;
      });
      const seen = setLargeAside({ entries, unreadable: none }, large);
      const bytesOf = (entry: QueueEntry): number => large.get(entry) ?? 0;
      expect(seen.entries.length + seen.unreadable.length).toBe(entries.length);
      expect(seen.entries.filter((entry) => !large.has(entry))).toEqual(entries.filter((entry) => !large.has(entry)));
      expect(seen.entries.reduce((sum, entry) => sum + bytesOf(entry), 0)).toBeLessThanOrEqual(largeHeadsBytes);
      const sum = [...large.values()].reduce((one, other) => one + other, 0);
      if (sum <= largeHeadsBytes) expect(seen.entries).toEqual(entries);
      else aside++;
      const leased = [...large]
        .filter(([entry]) => entry.place === "leased")
        .reduce((bytes, [, more]) => bytes + more, 0);
      const leftOut = seen.unreadable.filter((entry) => entry.place === "leased");
      if (leased <= largeHeadsBytes) expect(leftOut).toEqual([]);
      for (const entry of leftOut) expect(mayBeAtWork(entry)).toBe(true);
      for (const { why } of seen.unreadable)
        expect(why).toMatch(/^its head has \d+ bytes, and \d+ large heads? before it/);
    }),
    { numRuns: 60 },
  );
  expect(aside).toBeGreaterThan(0);
});
