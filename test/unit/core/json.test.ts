import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, readJsonObject } from "../../../src/core/json.ts";

const wide = { bytes: 10_000_000, depth: 64, values: 100_000 };

/** Counted on the value itself, the other way round. */
function sizeOf(value: Json): { readonly depth: number; readonly values: number } {
  const inner: readonly Json[] = Array.isArray(value)
    ? value
    : value !== null && typeof value === "object"
      ? Object.values(value)
      : [];
  const isNested = value !== null && typeof value === "object";
  const sizes = inner.map(sizeOf);
  return {
    depth: Math.max(0, ...sizes.map(({ depth }) => depth)) + (isNested ? 1 : 0),
    values: sizes.reduce((sum, each) => sum + each.values, 1) + (isNested && inner.length === 0 ? 1 : 0),
  };
}

const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }));

test("an object is read when it is within its bounds, to the last one, and refused beyond, whatever its texts hold", () => {
  fc.assert(
    fc.property(objects, fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, undefined, spaced ? 2 : undefined);
      const json = JSON.parse(text) as Json;
      const { depth, values } = sizeOf(json);
      const bytes = Buffer.byteLength(text);
      for (const content of [text, Buffer.from(text)]) {
        expect(readJsonObject(content, { bytes, depth, values })).toEqual({ kind: "object", value: json });
        expect(readJsonObject(content, { bytes, depth: depth - 1, values }).kind).toBe("other");
        expect(readJsonObject(content, { bytes, depth, values: values - 1 }).kind).toBe("other");
        expect(readJsonObject(content, { bytes: bytes - 1, depth, values }).kind).toBe("other");
      }
    }),
  );
});

test("any text is an object or is none, and nothing is thrown", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[[{}\]",:\\a1]{0,40}$/)), (text) => {
      let isObject = false;
      try {
        const value: unknown = JSON.parse(text);
        isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      } catch {
        isObject = false;
      }
      expect(readJsonObject(text, wide).kind).toBe(isObject ? "object" : "other");
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["[".repeat(5_000_000), "nested more than 64 deep"],
  [`{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, "nested more than 64 deep"],
  [`{"a":[${"{},".repeat(1_000_000)}{}]}`, "more than 100000 values"],
  ["[]", "not a JSON object"],
  ['{"a":1', "not a JSON object"],
])("what is too much is told before it is made: %.20s", (text, why) => {
  expect(readJsonObject(text, wide)).toMatchObject({ kind: "other", why: expect.stringContaining(why) as unknown });
});
