import fc from "fast-check";
import { expect, test } from "vitest";
import { headBounds, recordBounds } from "../../../src/run/bounds.ts";
import { readHeadText } from "../../../src/run/head.ts";
import { keptRecord, recordOf, refuseUnreadable, whyLeftAlone } from "../../../src/run/read-record.ts";
import type { RunRecord } from "../../../src/run/record.ts";
import { doneOf, finished, opened, started } from "../../../src/run/transitions.ts";
import { headOf } from "../../../src/run/transitions/head-and-record.ts";
import { readJsonObject, toJson } from "../../../src/core/json.ts";
import { recordFor } from "../../support/stores/run-document.ts";

/* Whatever a launch writes of a run can be read again, or is refused before anything is written. */

const runId = "digits-1";
const now = new Date("2026-11-23T10:00:00.000Z");
const asked = recordOf({ run: headOf(base({})), record: base({}) });

function base(given: Partial<RunRecord>): RunRecord {
  return recordFor(runId, { state: "starting" }, given) as unknown as RunRecord;
}

const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.constant("x".repeat(9_000)),
  fc.constant("\u0000\ud800é".repeat(500)),
);
const many = <T>(item: fc.Arbitrary<T>, most: number): fc.Arbitrary<readonly T[]> =>
  fc
    .tuple(fc.array(item, { minLength: 1, maxLength: 5 }), fc.nat(most))
    .map(([some, times]) => Array.from({ length: times }, (_, index) => some[index % some.length]!));
const attempt = fc.record({
  attempt: fc.nat(9_000),
  agent: fc.constant("a1"),
  state: fc.constantFrom("failed" as const, "cancelled" as const),
  message: odd,
  ended_at: fc.constant("2026-11-23T10:00:00.000Z"),
});
const became = fc.record({
  warnings: many(odd, 400),
  outputs: many(fc.record({ path: odd, bytes: fc.nat(), sha256: fc.constant("0".repeat(64)) }), 1_500),
  attempts: many(attempt, 600),
  metrics: fc
    .nat(1_000)
    .map((count) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${"m".repeat(100)}${at}`, at / 3]))),
  message: odd.map((text) => text.repeat(20)),
  names: many(odd, 1_500),
});

test("what becomes of a run is cut until it can be read, by git's bounds and Postgres' alike", () => {
  expect(asked.kind).toBe("record");
  fc.assert(
    fc.property(became, ({ message, names, ...given }) => {
      const source = { kind: "git", commit_time: 0, reachable: true, untracked_included: names } as const;
      const running = doneOf(started(opened(base({ ...given, source })), "running", now));
      const ended = doneOf(finished(running, { state: "failed", reason: "exit-code", message, exitCode: 1 }, now));
      const kept = keptRecord(ended);
      const record = toJson(kept);
      const head = headOf(kept);
      expect(whyLeftAlone(JSON.stringify(record), { runId, called: "record" })).toBeUndefined();
      expect(recordOf({ run: head, record }).kind).toBe("record");
      expect(readHeadText(JSON.stringify(head), { runId, called: "head" })).toMatchObject({ kind: "run" });
      expect(kept).toMatchObject({ state: "failed", reason: "exit-code", exit_code: 1, metrics: given.metrics });
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

test("what is asked for is refused with words, or can be read with room for what becomes of it", () => {
  let refused = 0;
  fc.assert(
    fc.property(many(odd, 600), fc.nat(80), (args, depth) => {
      const nested = Array.from({ length: depth }).reduce<unknown>((value) => [value], 1);
      const record = toJson(
        base({ args: [...args], run_config: JSON.parse(JSON.stringify({ nested })) as RunRecord["run_config"] }),
      );
      const run = headOf(base({}));
      try {
        refuseUnreadable({ run, record });
      } catch (error) {
        refused++;
        expect(error).toMatchObject({ code: "bad-spec", message: expect.stringContaining("can't be kept") as unknown });
        return;
      }
      const text = JSON.stringify(record);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(recordBounds.bytes / 2);
      expect(readJsonObject(text, recordBounds).kind).toBe("object");
    }),
    { numRuns: 20 },
  );
  expect(refused).toBeGreaterThan(0);
});

test("a head is read within its own bounds", () => {
  const head = JSON.stringify(headOf(base({})));
  const padded = (bytes: number): string => `${head.slice(0, -1)},"x":"${"x".repeat(bytes)}"}`;
  expect(readHeadText(padded(headBounds.bytes - head.length - 10), { runId, called: "head" }).kind).toBe("run");
  expect(readHeadText(padded(headBounds.bytes), { runId, called: "head" })).toMatchObject({ kind: "unreadable" });
});
