import fc from "fast-check";
import { expect, test } from "vitest";
import { markLines } from "../../../../src/core/output/lines.ts";

test("each line gets its mark, whatever bytes it has and wherever it lies", () => {
  const byte = fc.constantFrom(0x00, 0x09, 0x0b, 0x0d, 0x20, 0x41, 0x7f, 0x80, 0x8a, 0xf4, 0xff);
  const short = fc.array(byte, { maxLength: 12 });
  const long = fc
    .tuple(short, fc.integer({ min: 240, max: 600 }))
    .map(([start, size]) => [...start, ...new Array<number>(size).fill(0x61)]);
  const lines = fc.array(fc.oneof(short, short, long), { maxLength: 12 });
  const mark = fc.constantFrom("  ", "! ", "│ ", "train-1  ");
  fc.assert(
    fc.property(lines, mark, fc.nat(7), (all, text, shift) => {
      const bytes = all.flatMap((line) => [...line, 0x0a]);
      // Within a larger buffer, as a chunk of one is.
      const chunk = Buffer.from([...new Array<number>(shift).fill(0x0a), ...bytes, 0x0a]).subarray(
        shift,
        shift + bytes.length,
      );
      const into = Buffer.alloc(bytes.length + (all.length + 1) * Buffer.byteLength(text));
      const length = markLines(chunk, Buffer.from(text), into);
      const wanted = Buffer.concat(all.flatMap((line) => [Buffer.from(text), Buffer.from([...line, 0x0a])]));
      expect(into.subarray(0, length)).toEqual(wanted);
    }),
    { numRuns: 2_000 },
  );
});
