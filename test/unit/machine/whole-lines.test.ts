import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redactionOf, redactNothing } from "../../../src/core/output/redaction.ts";
import { wholeLines } from "../../../src/machine/whole-lines.ts";
import { forms, longestPiece } from "../../support/secrets/written-forms.ts";

const secrets = ["s3cr3t-value/0f+the=t3st", `pä"ss'w/rd 日 & more`, "très-secrèt-mot-de-passe"];
const cutAt = 256 * 1024;

/** What is passed on of these chunks, and after how many of them. */
function passed(chunks: readonly Buffer[], redact = redactionOf(secrets)): { texts: string[]; before: string[] } {
  const texts: string[] = [];
  const before: string[] = [];
  const lines = wholeLines(redact, (bytes) => void texts.push(bytes.toString("latin1")));
  for (const chunk of chunks) {
    const own = Buffer.from(chunk);
    void lines.write(own);
    // It is the pump's again.
    own.fill("!");
    before.push(texts.join(""));
  }
  void lines.end();
  return { texts, before };
}

function chunksOf(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe("output in whole lines", () => {
  it("has no secret in any form, wherever it stands and however the output comes in pieces", () => {
    const ordinary = fc.string({ unit: fc.constantFrom(...Array.from("~.;!\n\r\t ö")), maxLength: 200 });
    const input = fc.record({
      secret: fc.constantFrom(...secrets),
      form: fc.constantFrom(...forms),
      before: ordinary,
      behind: ordinary,
      cuts: fc.array(fc.nat(), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(input, ({ secret, form: { write }, before, behind, cuts }) => {
        const bytes = Buffer.from(`${before}${write(secret)}${behind}`);
        const clean = passed(chunksOf(bytes, cuts)).texts.join("");
        const whole = passed([bytes]).texts.join("");
        expect(clean).toContain("***");
        // A secret that went over a line's end may be two.
        expect(clean.replaceAll(/[*\n]/g, "")).toBe(whole.replaceAll(/[*\n]/g, ""));
        expect(clean).not.toContain(Buffer.from(secret).toString("latin1"));
      }),
      { numRuns: 1_000 },
    );
  });

  it("has none where a line is too long and is cut, at whatever place of the secret", () => {
    const [secret = ""] = secrets;
    const offset = fc.integer({ min: -2 * secret.length, max: 10 });
    const chunkBytes = fc.constantFrom(1_000, 4_096, 65_536, 300_000, 1_000_000);
    const written = fc.constantFrom(
      ...forms.filter(({ called }) => !called.includes("wrapped") && !called.includes("xxd")),
    );
    fc.assert(
      fc.property(offset, chunkBytes, written, fc.boolean(), (from, size, { write }, isEnded) => {
        const writing = write(secret);
        const bytes = Buffer.from(`${"~".repeat(cutAt + from)}${writing}${"~".repeat(cutAt)}${isEnded ? "\n" : ""}`);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        const { texts } = passed(chunks);
        const clean = texts.join("").replaceAll("\n", "");
        expect(clean).toMatch(/^~+.*\*\*\*.*~+$/);
        // What would stand around any other value is no part of this one; a digit of base64 may have bits of both.
        const around = longestPiece(writing, write("#".repeat(secret.length))) + 1;
        expect(longestPiece(writing, clean)).toBeLessThanOrEqual(Math.max(24, around));
        expect(clean.match(/~/g)?.length).toBe(2 * cutAt + from);
      }),
      { numRuns: 40 },
    );
  });

  it("is passed on as soon as it has come", () => {
    const { before } = passed([
      Buffer.from("one\ntw"),
      Buffer.from("o\n"),
      Buffer.from("s3cr3t\n"),
      Buffer.from("{\n"),
    ]);
    expect(before).toEqual(["one\n", "one\ntwo\n", "one\ntwo\ns3cr3t\n", "one\ntwo\ns3cr3t\n{\n"]);
  });

  it("waits with the one line in which a secret may go on in the next", () => {
    const writing = Buffer.from(`${secrets[0] ?? ""} and more`).toString("base64");
    const { texts, before } = passed([
      Buffer.from(`a\n${writing.slice(0, 12)}\n`),
      Buffer.from(`${writing.slice(12)}\nb\n`),
    ]);
    expect(before[0]).toBe("a\n");
    expect(texts.join("")).toMatch(/^a\n\*\*\*.{1,16}\nb\n$/);
  });

  it("that repeats a secret without an end doesn't fill the memory", () => {
    const repeated = redactionOf(["abcabcabc"]);
    const chunk = Buffer.from("abc".repeat(50_000));
    const { before } = passed(
      Array.from({ length: 12 }, () => chunk),
      repeated,
    );
    expect(before.at(-1)).toMatch(/^[*\n]+$/);
  });

  it("without a secret is passed on as it is, whatever bytes it has", () => {
    const bytes = fc.uint8Array({ maxLength: 500 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), (all, cuts, searched) => {
        fc.pre(all.length > 0);
        const { texts } = passed(chunksOf(all, cuts), searched ? redactionOf(secrets) : redactNothing);
        const ended = all.at(-1) === 0x0a ? "" : "\n";
        expect(texts.join("")).toBe(`${all.toString("latin1")}${ended}`);
      }),
    );
  });
});
