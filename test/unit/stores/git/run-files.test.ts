import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, readJsonObject } from "../../../../src/core/json.ts";
import { askedBounds, askedHeadBounds, recordBounds } from "../../../../src/run/bounds.ts";
import { filesOf, maxRunFileBytes, readHead, readRecord, runFiles } from "../../../../src/stores/git/runs/run-files.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

const nested = (depth: number, inside: Json): Json => (depth === 0 ? inside : [nested(depth - 1, inside)]);

test("what its writer held against the bounds can be read again, however deep or with however many names", () => {
  const asked = { run_id: "digits-1", schema_version: 1, x: nested(40, Array<number>(15_500).fill(1)) };
  expect(readJsonObject(JSON.stringify(asked), askedBounds).kind).toBe("object");
  const names = Array.from({ length: 280 }, (_, index) => [`slot-${index}`.padEnd(22, "-"), 1] as const);
  const document = queuedDocument("digits-1", { slots: Object.fromEntries(names) }, {}, { record: asked });
  expect(readJsonObject(JSON.stringify(document.run), askedHeadBounds).kind).toBe("object");
  const files = filesOf(document);
  for (const [name, content] of Object.entries(files)) {
    expect(Buffer.byteLength(content)).toBeLessThanOrEqual(maxRunFileBytes[name] ?? 0);
  }
  expect(readHead("digits-1", Buffer.from(files[runFiles.head] ?? "")).kind).toBe("run");
  expect(readRecord("digits-1", Buffer.from(files[runFiles.record] ?? ""))).toEqual(asked);
});

test("a file has just the bytes that were measured", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (values) => {
      const record = JSON.parse(JSON.stringify(values)) as Record<string, Json>;
      const content = filesOf(queuedDocument("digits-1", {}, {}, { record }))[runFiles.record] ?? "";
      expect(Buffer.byteLength(content)).toBe(Buffer.byteLength(JSON.stringify(record)));
      expect(readJsonObject(content, recordBounds)).toEqual({ kind: "object", value: record });
    }),
  );
});
