import fc from "fast-check";
import { expect, test } from "vitest";
import { redactedSaid } from "../../../../src/core/output/redacted-log.ts";
import { redactionOf } from "../../../../src/core/output/redaction.ts";
import { named, ours, quoted, type Said, say, textOf } from "../../../../src/core/output/said.ts";
import { forms } from "../../../support/secrets/written-forms.ts";

/* What others wrote is of other characters than our sentences here, so that it can be told where a word stands. */

/** Sentences of ours around two places for what others wrote. */
const sentences: readonly ((one: string, other: string) => Said)[] = [
  (one, other) => say`succeeded in ${ours("1.7 s")} · ${one} ${other}`,
  (one, other) => say`failed (${ours("exit-code")} ${2026}) after ${ours("41 s")} with ${one} on ${other}`,
  (one, other) => say`the digest of the image ${one} is not known: ${other}`,
  (one, other) => say`whether ${ours("train-20261130")} still runs is not known: ${say`asked ${one}, got ${other}`}`,
  (one, other) => say`${one}${other} could not be removed; \`launch prune\` tries it again`,
];
const own = sentences.map((sentence) => textOf(sentence("\0", "\0")));

/** A piece of one of our sentences: an ordinary word, a part of one, or several. */
const piece = fc
  .record({ of: fc.constantFrom(...own), from: fc.nat(), length: fc.integer({ min: 4, max: 30 }) })
  .map(({ of, from, length }) => of.slice(from % of.length, (from % of.length) + length))
  .filter((text) => text.trim().length >= 4 && !text.includes("\0"));

const foreign = fc.string({ unit: fc.constantFrom(...Array.from("QXZÄ#=")), maxLength: 12 });
const sentence = fc.constantFrom(...sentences);

test("a secret that is a piece of our own words leaves them as they are, and is taken out of what others wrote", () => {
  const secrets = fc.array(piece, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      secrets,
      sentence,
      foreign,
      foreign,
      fc.constantFrom(...forms),
      (values, say, one, other, { write }) => {
        const redact = redactionOf(values);
        expect(textOf(redactedSaid(say(one, other), redact))).toBe(textOf(say(one, other)));
        // The same words, said by somebody else.
        const [value = ""] = values;
        const said = textOf(redactedSaid(say(`${one}|${write(value.trim())}|`, other), redact));
        const [before = "", behind = ""] = textOf(say("\0", other)).split("\0");
        expect(said.startsWith(before) && said.endsWith(behind)).toBe(true);
        const theirs = said.slice(before.length, said.length - behind.length);
        expect(theirs).toContain("***");
        expect(theirs).not.toContain(value.trim());
        expect(textOf(redactedSaid(quoted(`${one}${value}`), redact))).toBe(`${one}${redact(value)}`);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a secret that goes over the border of two parts loses what others wrote of it", () => {
  const redact = redactionOf(["token-of-ada/and-more"]);
  const parts = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(parts, (at) => {
      const value = "token-of-ada/and-more";
      const two = textOf(redactedSaid(say`it was ${value.slice(0, at)}${value.slice(at)}, and is not`, redact));
      expect(two.replace(/\*+/, "*")).toBe("it was *, and is not");
    }),
  );
});

test("a name loses a value that is no ordinary word, and keeps one that is", () => {
  const redact = redactionOf(["train", "s3cr3t-value-of-it"]);
  expect(textOf(redactedSaid(say`${named("train")} ${"train"} of ${named("s3cr3t-value-of-it")}`, redact))).toBe(
    "train *** of ***",
  );
});

test("a credential is known by its form also where it is put together", () => {
  const redact = redactionOf([]);
  const said = redactedSaid(say`cloning https://${"ada"}:${"pass-of-ada"}@${"host"}/x failed`, redact);
  expect(textOf(said)).toBe("cloning https://host/x failed");
});
