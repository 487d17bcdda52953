import fc from "fast-check";
import { expect, test } from "vitest";
import { redactionOf } from "../../../../src/core/output/redaction.ts";
import { oneLine, plainText, terminalText } from "../../../../src/core/output/terminal-text.ts";
import { wholeLines } from "../../../../src/machine/whole-lines.ts";
import { forms } from "../../../support/secrets/written-forms.ts";

/* A secret with something in its midst that no reader sees: once a terminal has taken that out, the secret would stand there. */

const secret = "s3cr3t-value/0f+the=t3st";
const others = fc.string({ unit: fc.constantFrom(...Array.from("~.;! ö\t")), maxLength: 40 });

/** What a terminal takes out or acts on without a trace: by the standards, not by what is filtered here. */
const sequence = fc.oneof(
  fc.constantFrom(
    "\u001b[31m",
    "\u001b[0m",
    "\u001b[38;5;9m",
    "\u001b[2K",
    "\u001b[?25l",
    "\u009b1m",
    "\u001b[1;31;40m",
  ),
  fc.constantFrom("\u001b]0;title\u0007", "\u001b]8;;http://x\u001b\\", "\u001bP1$q\u001b\\", "\u001b(B", "\u001b7"),
  fc.constantFrom(
    "\0",
    "\u0007",
    "\u0008",
    "\u007f",
    "\u0085",
    "\u200b",
    "\u200e",
    "\u2060",
    "\u2066",
    "\ufeff",
    "\u{e0041}",
  ),
);

const split = fc
  .record({
    form: fc.constantFrom(...forms.filter(({ called }) => !called.includes("wrapped") && !called.includes("xxd"))),
    cuts: fc.array(fc.record({ at: fc.nat(), sequence }), { minLength: 1, maxLength: 6 }),
    before: others,
    behind: others,
  })
  .map(({ form: { write }, cuts, before, behind }) => {
    const writing = write(secret);
    const characters = Array.from(writing);
    for (const { at, sequence: inserted } of cuts) {
      const place = at % (characters.length - 1);
      characters[place] = `${characters[place] ?? ""}${inserted}`;
    }
    const text = characters.join("");
    return { writing, text: `${before}${text}${behind}` };
  });

function expectNone(shown: string, { writing }: { writing: string }): void {
  expect(shown).not.toContain(writing);
  expect(shown).not.toContain(secret);
}

test("a secret that a control sequence splits stands in no text, before and after a terminal has taken it out", () => {
  const redact = redactionOf([secret, "another-secret-of-it"]);
  fc.assert(
    fc.property(split, ({ writing, text }) => {
      const clean = redact(text);
      for (const shown of [clean, plainText(clean), terminalText(clean), oneLine(clean)])
        expectNone(shown, { writing });
      expectNone(terminalText(clean).replaceAll(/\u001b\[[0-9;:]*m/g, ""), { writing });
      expect(clean).toContain("***");
    }),
    { numRuns: 2_000 },
  );
});

test("nor in the log of a run, however its output comes in pieces", () => {
  const redact = redactionOf([secret]);
  fc.assert(
    fc.property(split, fc.array(fc.nat(), { maxLength: 8 }), fc.boolean(), ({ writing, text }, cuts, isLong) => {
      // A line that is cut where it is too long may be cut within a sequence.
      const before = isLong ? "~".repeat(256 * 1024 - ((cuts[0] ?? 0) % 60)) : "";
      const bytes = Buffer.from(`${before}${text}${isLong ? "~".repeat(300_000) : ""}\n`);
      const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].sort((a, b) => a - b);
      const kept: Buffer[] = [];
      const lines = wholeLines(redact, (clean) => void kept.push(Buffer.from(clean)));
      let from = 0;
      for (const end of ends) {
        void lines.write(bytes.subarray(from, end));
        from = end;
      }
      void lines.end();
      const stored = Buffer.concat(kept).toString();
      for (const shown of [stored, plainText(stored), plainText(stored).replaceAll("\n", "")]) {
        expectNone(shown, { writing });
      }
    }),
    { numRuns: 500 },
  );
});

test("what has sequences and no secret stays as it is", () => {
  const redact = redactionOf([secret]);
  fc.assert(
    fc.property(fc.array(fc.oneof(sequence, others), { maxLength: 12 }), (parts) => {
      expect(redact(parts.join(""))).toBe(parts.join(""));
    }),
  );
});

test("UTF-16 as it is has no secret either", () => {
  const bytes = Buffer.from(`the token is ${secret}, and that is all`, "utf16le");
  const kept: Buffer[] = [];
  const lines = wholeLines(redactionOf([secret]), (clean) => void kept.push(Buffer.from(clean)));
  void lines.write(bytes);
  void lines.end();
  expect(Buffer.concat(kept).toString("latin1").replaceAll("\0", "")).toBe("the token is ***, and that is all\n");
});

test.each([
  ["\u001b[31mred\u001b[0m", "red"],
  ["a\u001b]0;title\u0007b\nc\rd", "ab c d"],
  ["\u009b1mx\u200by", "xy"],
])("one line of %j has nothing left of its sequences", (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test("a token is known by its form also with a sequence in its midst", () => {
  const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
  for (let at = 1; at < token.length; at++) {
    const clean = redactionOf([])(`it is ${token.slice(0, at)}\u001b[1m${token.slice(at)}, alas`);
    expect(plainText(clean)).not.toContain(token.slice(4));
  }
});
