import fc from "fast-check";
import { expect, test } from "vitest";
import { columns } from "../../../../src/cli/terminal/columns.ts";

test("rows are aligned, and as wide as what is in them", () => {
  expect(
    columns([
      ["run", "state", "by"],
      ["train-1", "queued", "ada"],
      ["t", "ok", "b"],
    ]),
  ).toBe("run      state   by\ntrain-1  queued  ada\nt        ok      b");
});

test("a name of thousands of letters in one row leaves the other rows as they were", () => {
  const word = fc.stringMatching(/^[a-z]{1,20}$/);
  const row = fc.tuple(word, word, word);
  const lengths = fc.integer({ min: 81, max: 5_000 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), lengths, fc.nat(1), (rows, length, column) => {
      const long: string[] = ["x", "y", "z"];
      long[column] = "n".repeat(length);
      const plain = columns(rows).split("\n");
      const lines = columns([...rows, long]).split("\n");
      expect(lines.slice(0, -1)).toEqual(plain);
      expect(lines.at(-1)?.length).toBeLessThan(300);
    }),
  );
});
