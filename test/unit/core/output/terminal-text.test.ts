import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { formatCommandLine } from "../../../../src/core/command-line.ts";
import { jsonText, oneLine, plainText, terminalText } from "../../../../src/core/output/terminal-text.ts";
import { markedOutput } from "../../../../src/reporting/output-marks.ts";
import { reader } from "../../../support/cli/reader.ts";

const [esc, bel, c1, st] = ["\u001b", "\u0007", "\u009b", "\u009c"];

/** What a terminal does something with, other than a colour: by the control characters of ECMA-48 and Unicode's of direction. */
function acts(text: string): boolean {
  const left = text.replaceAll(/\u001b\[[0-9;:]*m/g, "");
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(left);
}

describe("what others wrote, on a terminal,", () => {
  it.each([
    ["a title", `a${esc}]0;owned${bel}b`, "ab"],
    ["a link", `${esc}]8;;https://evil.example${esc}\\click${esc}]8;;${esc}\\`, "click"],
    ["the clipboard", `a${esc}]52;c;Y3VybA==${bel}b`, "ab"],
    ["the clipboard, in 8 bits", `a\u009d52;c;Y3VybA==${st}b`, "ab"],
    ["the cursor", `a${esc}[2A${esc}[2Kb${esc}[1;1Hc${esc}[Jd`, "abcd"],
    ["the cursor, in 8 bits", `a${c1}2Ab${c1}31mc`, "abc"],
    ["a device's string", `a${esc}P1$r0m${esc}\\b${esc}_app${esc}\\c${esc}^pm${esc}\\d${esc}Xsos${esc}\\e`, "abcde"],
    ["a string without its end", `a${esc}]0;never ended\nnext`, "a\nnext"],
    ["a sequence without its end", `a${esc}[38;5\nnext${esc}`, "a\nnext"],
    ["a reset, and another character set", `a${esc}cb${esc}(0c${esc}#8d`, "abcd"],
    ["bells and backspaces", `a${bel}\u0008b\u007f`, "ab"],
    ["a report that is typed in", `a${esc}[6n${esc}[c${esc}Zb`, "ab"],
    ["another direction", "a\u202eb\u2066c\u200bd\ufeff", "abcd"],
    ["what draws over itself", "10%\r20%\r\ndone\n", "10%\n20%\ndone\n"],
    ["a colour, up to its line's end", `${esc}[1;31mred\nplain`, `${esc}[1;31mred${esc}[0m\nplain`],
    [
      "a colour that ends",
      `${esc}[38;2;1;2;3mx${esc}[0m y${esc}[4m!${esc}[m`,
      `${esc}[38;2;1;2;3mx${esc}[0m y${esc}[4m!${esc}[m`,
    ],
    ["letters of all kinds", "größe 日本 😀 e\u0301 a\u200db\tc\n", "größe 日本 😀 e\u0301 a\u200db\tc\n"],
  ])("is shown without %s", (_what, text, shown) => {
    expect(terminalText(text)).toBe(shown);
    expect(plainText(text)).toBe(shown.replaceAll(/\u001b\[[0-9;:]*m/g, ""));
  });

  const pieces = fc.oneof(
    fc.constantFrom(
      esc,
      bel,
      c1,
      st,
      "\u0090",
      "\u009d",
      "[",
      "]",
      "P",
      "m",
      ";",
      "0",
      "31",
      "\\",
      "\n",
      "\r",
      "A",
      "\u202e",
      "(",
      "?25l",
    ),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const hostile = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(""));

  it("has nothing left that acts, whatever sequences it is made of", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const shown of [terminalText(text), plainText(text), oneLine(text)]) expect(acts(shown)).toBe(false);
        expect(plainText(text)).not.toContain(esc);
        expect(terminalText(terminalText(text))).toBe(terminalText(text));
        const [last = ""] = [...terminalText(text).matchAll(/\u001b\[[0-9;:]*m/g)].map(([colour]) => colour).slice(-1);
        expect(last).toMatch(/^(?:|\u001b\[0*m)$/);
      }),
      { numRuns: 5_000 },
    );
  });

  it("has nothing left either where it comes in pieces that are cut anywhere", () => {
    fc.assert(
      fc.property(hostile, fc.nat(), fc.constantFrom("stdout" as const, "stderr" as const), (text, at, stream) => {
        const terminal = reader(80);
        const cut = text.length === 0 ? 0 : at % text.length;
        for (const part of [text.slice(0, cut), text.slice(cut)]) {
          const bytes = Buffer.from(`${part}\n`);
          void terminal.writer.hand(markedOutput({ stream, bytes, lines: part.split("\n").length }, true));
        }
        expect(acts(terminal.text())).toBe(false);
        for (const line of terminal.text().trimEnd().split("\n")) expect(line).toMatch(/^[│┃]/u);
      }),
      { numRuns: 1_000 },
    );
  });

  it("has nothing left whatever words of ours quote it, as nothing else reaches the terminal", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const [terminal, pipe] = [reader(80), reader()];
        void terminal.writer.write(`run ${text}\n`);
        void pipe.writer.write(`run ${text}\n`);
        expect(acts(terminal.text())).toBe(false);
        expect(pipe.text()).toBe(Buffer.from(`run ${text}\n`).toString());
      }),
    );
  });

  it("is exact as JSON, and inert", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string({ unit: "binary" })), (text) => {
        const json = jsonText({ [text]: [text] });
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
        expect(acts(json)).toBe(false);
        expect(terminalText(json)).toBe(json);
      }),
    );
  });
});

test("words to paste are read by a shell as the same words, whatever is in them", async () => {
  const { execFileSync } = await import("node:child_process");
  const word = fc.string({ unit: fc.constantFrom(...Array.from("$(`'\"\\!*?~#&;|<>{}[]= \t\n\rabé-")), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const line = formatCommandLine(["printf", "%s\\0", ...words]);
      expect(execFileSync("sh", ["-c", line]).toString()).toBe(`${words.join("\0")}\0`);
    }),
    { numRuns: 100 },
  );
});

// What costs the square of its length is not done with a quarter of a megabyte before the test's limit.
test.each(["\u001b[31mx", "\u001b[31m", "\u001b]", "\u001b[", "\u009b0", "\r", "x\u001b[0m", "a "])(
  "a line of many %j is read to its end, and has its last colour reset",
  (piece) => {
    const text = `${piece.repeat(Math.ceil(262_144 / piece.length))}\u001b[31mend`;
    expect(terminalText(text)).toMatch(/end\u001b\[0m$/);
    expect(terminalText(`${text}\u001b[0m`)).toMatch(/end\u001b\[0m$/);
  },
);
