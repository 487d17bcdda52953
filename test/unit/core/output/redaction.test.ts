import fc from "fast-check";
import { expect, test } from "vitest";
import { redactionOf } from "../../../../src/core/output/redaction.ts";
import { forms, longestPiece } from "../../../support/secrets/written-forms.ts";

const values = [
  "s3cr3t-value-0f-the-t3st",
  "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
  `pa"ss w/rd+1'&<>\\x%41$`,
  "pässwörd-日本語-😀-é",
  "pässwörd-très-secrèt-ÿ",
  "/slash+plus=equals/",
  '"quoted \\"value\\" here"',
  "a\\b\\\\c\\d-backslashes",
];

const key = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIrVf2hY8w8yVnJx9XlVd3Jw0mQpVh6wqFf0bqv0H1uHoAoGCCqGSM49
AwEHoUQDQgAE1d5R0N2k1x7hYb8hJk3f2o4c6q0v9X8w7u6t5s4r3q2p1o0n9m8l
7k6j5h4g3f2d1sAaBbCc==
-----END EC PRIVATE KEY-----`;

test.each(forms.flatMap(({ called, write }) => values.map((value) => [called, value, write] as const)))(
  "a secret is taken out of text: %s of %s",
  (_called, value, write) => {
    const writing = write(value);
    const clean = redactionOf([value])(`before ${writing} behind`);
    expect(clean).toMatch(/^before .*\*\*\*.* behind$/s);
    // Of a writing that holds more than the value, what is around it stays.
    const around = write("\u0001".repeat(Buffer.byteLength(value)));
    expect(longestPiece(writing, clean)).toBeLessThanOrEqual(Math.max(8, longestPiece(writing, around) + 4));
  },
);

test("text without a secret stays as it is", () => {
  const redact = redactionOf(values);
  const texts = fc.oneof(fc.string({ unit: "binary" }), fc.base64String(), fc.json(), fc.webUrl());
  fc.assert(
    fc.property(texts, (text) => {
      expect(redact(text)).toBe(text);
    }),
  );
});

test("any value of any characters is taken out in any of its forms, wherever it stands", () => {
  const value = fc.string({
    unit: fc.oneof(fc.constantFrom(...Array.from("aZ09/+='\"\\ %&$é日😀-_")), fc.string()),
    minLength: 12,
    maxLength: 60,
  });
  const usable = value.filter((text) => text.trim() === text && text.isWellFormed() && text.length >= 12);
  fc.assert(
    fc.property(usable, fc.constantFrom(...forms), fc.nat(200), (secret, { write }, filled) => {
      const writing = write(secret);
      const clean = redactionOf([secret, "another-secret-of-this-run"])(`${"~".repeat(filled)}\n${writing}\n`);
      expect(clean).toContain("***");
      expect(clean).not.toContain(secret);
      expect(clean).not.toContain(writing);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["as it is", key],
  ["moved in", key.replaceAll("\n", "\n    ")],
  ["with CR LF", key.replaceAll("\n", "\r\n")],
  ["on one line", key.replaceAll("\n", "\\n")],
  ["in spaces", key.replaceAll("\n", " ")],
  ["wrapped anew", key.replaceAll("\n", "").replace(/.{48}/g, "$&\n")],
  ["as base64", Buffer.from(key).toString("base64").replace(/.{76}/g, "$&\n")],
  ["a line each, with words before", key.replaceAll(/^/gm, "2026-11-30 [rank 0] ")],
])("of a key of many lines nothing stays: %s", (_how, writing) => {
  const clean = redactionOf([key])(writing);
  for (const line of key.split("\n").slice(1, 3)) expect(longestPiece(line, clean)).toBeLessThanOrEqual(12);
});

test("a value inside another leaves nothing behind, nor do two that overlap", () => {
  expect(redactionOf(["line-one\nline-two"])("a line-two b")).toBe("a *** b");
  expect(redactionOf(["abcd", "abcdefgh"])("abcdefgh")).toBe("***");
  expect(redactionOf(["abcdef", "defghi"])("(abcdefghi)")).toBe("(***)");
});

test("lines of a secret that stand in any text are left alone", () => {
  const redact = redactionOf(['{\n  "type": "service_account",\n  "private_key_id": "0123456789abcdef"\n}\n']);
  expect(redact("{\n}\n")).toBe("{\n}\n");
  expect(redact('"private_key_id": "0123456789abcdef"')).toBe("***");
});
