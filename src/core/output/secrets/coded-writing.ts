import { startLength, type Writing } from "./writing.ts";

/*
 * A value as a part of what was encoded as a whole: base64 of `user:token`, of a file with the token somewhere in it, with line ends
 * wherever they fall; hexadecimal with whatever stands between its bytes.
 */

/** Texts that may stand for one digit, in latin1. */
type Digit = { readonly texts: readonly string[]; readonly bytes: readonly Uint8Array[] };

type Coding = {
  readonly digits: readonly Digit[];
  /** What may stand before a digit, and whether it may before this one. */
  readonly between: Digit;
  readonly mayBreak: (index: number) => boolean;
};

const lineEnds = digitOf(["\n", "\r\n", "\\n", "\\r\\n", "\\\\n", "%0A", "%0D%0A", "%0a", "%0d%0a", " "]);
const byteMarks = digitOf([
  ":",
  " ",
  "-",
  "\\x",
  "\\\\x",
  "%",
  "\\u00",
  "\\\\u00",
  ";&#x",
  ", 0x",
  ",0x",
  "\n",
  "\r\n",
]);
const deepestIndent = 32;

const base64Digits = new Map(
  Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", (digit) => {
    const others: Readonly<Record<string, readonly string[]>> = {
      "+": ["-", "%2B", "%2b", "\\u002b", "\\u002B"],
      "/": ["_", "%2F", "%2f", "\\/"],
    };
    return [digit, digitOf([digit, ...(others[digit] ?? [])])];
  }),
);
const hexDigits = new Map(
  Array.from("0123456789abcdef", (digit) => [digit, digitOf([...new Set([digit, digit.toUpperCase()])])]),
);

function digitOf(texts: readonly string[]): Digit {
  return { texts, bytes: texts.map((text) => Buffer.from(text, "latin1")) };
}

/** A shorter rest of a writing whose beginning was cut off says too little. */
const shortestRest = 8;

/**
 * Base64 of whatever has these bytes in it: of the four digits that three bytes make, those that are of these bytes alone, for each place
 * that the value may have among three.
 */
export function base64Texts(value: Uint8Array): readonly string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value])
      .toString("base64")
      .replace(/=+$/, "");
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor(((before + value.length) * 8) / 6);
    return text.slice(first, last);
  });
}

/** All of these, standard and for URLs. */
export function base64Writings(value: Uint8Array): readonly Writing[] {
  return base64Texts(value).flatMap(base64TextWritings);
}

/** The same for what is base64 itself, such as the body of a key. */
export function base64TextWritings(text: string): readonly Writing[] {
  const digits = Array.from(text, (digit) => base64Digits.get(digit) ?? digitOf([digit]));
  // A line may end within the first digits, which say little themselves.
  return Array.from({ length: startLength }, (_, from) => digits.slice(from))
    .filter((rest, from) => rest.length >= (from === 0 ? startLength : shortestRest))
    .map((rest) => codedWriting({ digits: rest, between: lineEnds, mayBreak: (index) => index >= startLength }));
}

export function hexWriting(value: Uint8Array): Writing {
  const digits = Array.from(Buffer.from(value).toString("hex"), (digit) => hexDigits.get(digit) ?? digitOf([digit]));
  return codedWriting({ digits, between: byteMarks, mayBreak: (index) => index % 2 === 0 });
}

function codedWriting(coding: Coding): Writing {
  const { digits, between, mayBreak } = coding;
  return {
    starts: startsOf(coding),
    walk: (bytes, at, more) => {
      let place = at;
      for (let index = 0; index < digits.length; index++) {
        const texts = digits[index]?.bytes ?? [];
        let end =
          index > 0 && mayBreak(index) && place >= bytes.length ? (more ? -1 : 0) : firstEnd(texts, bytes, place);
        if (end <= 0 && index > 0 && mayBreak(index)) {
          for (const mark of between.bytes) {
            if (end > 0) break;
            const behind = firstEnd([mark], bytes, place);
            if (behind > 0) end = behindIndent(texts, bytes, behind);
            else if (behind < 0) end = -1;
          }
        }
        if (end === 0) return 0;
        if (end < 0) return more ? -1 : 0;
        place = end;
      }
      return place;
    },
  };
}

/** The end of the first text that stands there; -1 when none does and the bytes end within one. */
function firstEnd(texts: readonly Uint8Array[], bytes: Uint8Array, at: number): number {
  let cut = false;
  for (const text of texts) {
    let index = 0;
    while (index < text.length && bytes[at + index] === text[index]) index++;
    if (index === text.length) return at + index;
    cut ||= at + index >= bytes.length;
  }
  return cut ? -1 : 0;
}

function behindIndent(texts: readonly Uint8Array[], bytes: Uint8Array, from: number): number {
  let at = from;
  while (at - from < deepestIndent && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  return firstEnd(texts, bytes, at);
}

function startsOf({ digits, between, mayBreak }: Coding): ReadonlySet<string> {
  const starts = new Set<string>();
  const extend = (begun: string, index: number): void => {
    if (begun.length >= startLength) {
      starts.add(begun.slice(0, startLength));
      return;
    }
    const texts = digits[index]?.texts ?? [];
    const marks = index > 0 && mayBreak(index) ? ["", ...between.texts.filter((mark) => !/[\r\n]/.test(mark))] : [""];
    for (const mark of marks) for (const text of texts) extend(begun + mark + text, index + 1);
  };
  extend("", 0);
  return starts;
}
