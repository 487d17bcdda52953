import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, membersOf } from "../../../src/core/json.ts";
import { headBounds, heldHeadBytes, longestHeadMessage, smallHeadBytes } from "../../../src/run/bounds.ts";
import { readHeadText, runHeadSchema } from "../../../src/run/head.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

/* Lists hold thousands of heads at once: of each what queues need, whatever its writer has put into it. */

test("a text is taken apart into the members that a parser finds", () => {
  const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
  fc.assert(
    fc.property(objects, fc.constantFrom(undefined, 1, "\t"), (object, space) => {
      const plain = JSON.parse(JSON.stringify(object)) as Record<string, Json>;
      const members = membersOf(Buffer.from(JSON.stringify(plain, null, space)));
      const parts = (members ?? []).map(({ name, value }) => [
        JSON.parse(name.toString()) as string,
        JSON.parse(value.toString()) as Json,
      ]);
      expect(parts).toEqual(Object.entries(plain));
    }),
  );
});

test.each(["", "[]", "1", "{", '{"a"', '{"a":', '{"a":1', '{"a":"', '{"a":[1}', '{"a" 1}', "{a:1}", '{"a":1 "b":2}'])(
  "%s is no object's text, or one with members that no parser reads",
  (text) => {
    const members = membersOf(Buffer.from(text)) ?? [];
    const parsed = (): unknown =>
      JSON.parse(`{${members.map(({ name, value }) => `${name.toString()}:${value.toString()}`).join(",")}}`);
    if (members.length > 0) expect(parsed).toThrow();
  },
);

const long = fc
  .tuple(fc.constantFrom("x", "é", '"', "\\", "\n", "\u{1f600}"), fc.nat(30_000))
  .map(([part, times]) => part.repeat(times));
const ends = fc.record(
  {
    message: long,
    metrics: fc
      .tuple(fc.nat(4_000), fc.string({ maxLength: 20 }))
      .map(([count, name]) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, at / 3]))),
    x: fc.oneof(long, fc.jsonValue()),
  },
  { requiredKeys: [] },
);

test("of a head of any length its reader holds all that queues need, and the beginning of the rest", () => {
  let cut = 0;
  fc.assert(
    fc.property(ends, fc.integer({ min: 1, max: 900 }), (end, times) => {
      const { run } = queuedDocument("digits-1", { replace: "r".repeat(times), slots: { gpu: times } });
      const text = JSON.stringify({ ...run, ...end });
      fc.pre(Buffer.byteLength(text) <= headBounds.bytes);
      const read = readHeadText(text, { runId: "digits-1", called: "head" });
      expect(read).toMatchObject({ kind: "run", run: JSON.parse(JSON.stringify(run)) as object });
      if (read.kind !== "run") return;
      expect(runHeadSchema.safeParse(read.run).success).toBe(true);
      const bytes = Buffer.byteLength(JSON.stringify(read.run));
      expect(bytes).toBeLessThanOrEqual(heldHeadBytes);
      if (bytes > smallHeadBytes) expect(read.bytes).toBeGreaterThanOrEqual(bytes);
      expect(end.message ?? "").toContain(read.run.message ?? "");
      expect((read.run.message ?? "").length).toBeLessThanOrEqual(longestHeadMessage);
      expect(end.metrics ?? {}).toMatchObject(read.run.metrics ?? {});
      if (Buffer.byteLength(text) < smallHeadBytes && (end.message ?? "").length <= longestHeadMessage) {
        expect(read.run.metrics).toEqual(end.metrics);
      } else cut++;
    }),
    { numRuns: 200 },
  );
  expect(cut).toBeGreaterThan(0);
});

test("what queues need too much of is set aside, with how much", () => {
  fc.assert(
    fc.property(fc.integer({ min: heldHeadBytes, max: headBounds.bytes - 2_000 }), fc.boolean(), (bytes, inNames) => {
      const slots = inNames
        ? Object.fromEntries(Array.from({ length: 1 + bytes / 30 }, (_, at) => [`slot-${at}`.padEnd(28), 1]))
        : { ["s".repeat(bytes)]: 1 };
      const { run } = queuedDocument("digits-1", { slots });
      const text = JSON.stringify(run).slice(0, headBounds.bytes);
      const read = readHeadText(text, { runId: "digits-1", called: "head" });
      expect(read).toMatchObject({ kind: "unreadable" });
      if (read.kind === "unreadable" && text.endsWith("}"))
        expect(read.why).toMatch(/for queues to hold, of at most 20480$/);
    }),
    { numRuns: 50 },
  );
});
