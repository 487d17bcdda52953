import { encodedAs } from "./encoded-as.ts";
import { base64TextWritings, base64Writings, hexWriting } from "./coded-writing.ts";
import { textWriting } from "./text-writing.ts";
import { acrossUnseen, mayBeOdd, oddWithin } from "./unseen-bytes.ts";
import { startLength, type Writing } from "./writing.ts";

/** From where to where; spans neither touch nor overlap, and stand in their order. */
export type Span = readonly [from: number, to: number];

export type Found = {
  readonly spans: readonly Span[];
  /** From here on a secret may have begun whose rest is still to come; the length of what was searched when none has. */
  readonly open: number;
};

/**
 * Looks for all secrets in all their writings in one pass. `more` says that the bytes are the beginning of something; the first
 * `covered` of them are known to be of a secret.
 */
export type SecretSearch = (bytes: Uint8Array, more?: boolean, covered?: number) => Found;

/** Lines of a secret are looked for by themselves from this length on: `}` and `},` stand everywhere. */
const shortestLine = 8;

/**
 * A search for these values; undefined where there is nothing to look for. What it costs for each byte doesn't grow with the number of
 * writings: of every four bytes two threes are looked at, so one of each start, in a table that says whether any start has such a three.
 */
export function secretSearch(values: readonly string[]): SecretSearch | undefined {
  const starts = startsOf([...new Set(values)].flatMap(knownWritingsOf));
  if (starts.byStart.size === 0) return undefined;
  return acrossUnseen((bytes, more, covered) => {
    const scan = { bytes, more, spans: covered === 0 ? [] : [[0, covered] satisfies Span] };
    const { open, hasOdd } = scanned(starts, scan);
    return { spans: scan.spans, open: open ?? (more ? begunAt(bytes, starts.begun) : bytes.length), hasOdd };
  });
}

type Starts = {
  /** Whether a three of bytes with this hash stands at the beginning of a start, or after its first byte. */
  readonly threes: Uint8Array;
  /** Whether four bytes with this hash are a start. */
  readonly fours: Uint8Array;
  readonly byStart: ReadonlyMap<number, readonly Writing[]>;
  /** What a start may begin with, in latin1. */
  readonly begun: ReadonlySet<string>;
};

const hashBits = 16;

/** Of three bytes, of which the first is the lowest of the four in a word. */
function hashOf(word: number): number {
  return Math.imul(word << 8, 0x9e3779b1) >>> (32 - hashBits);
}

function hashOfFour(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
}

function startsOf(writings: readonly Writing[]): Starts {
  const byStart = new Map<number, Writing[]>();
  const begun = new Set<string>();
  const threes = new Uint8Array(1 << hashBits);
  const fours = new Uint8Array(1 << hashBits);
  for (const writing of writings) {
    for (const start of writing.starts) {
      const key = Buffer.from(start, "latin1").readInt32LE();
      const others = byStart.get(key);
      if (others !== undefined) {
        others.push(writing);
        continue;
      }
      byStart.set(key, [writing]);
      fours[hashOfFour(key)] = 1;
      threes[hashOf(key)] = 1;
      threes[hashOf(key >>> 8)] = 1;
      for (let length = 1; length < startLength; length++) begun.add(start.slice(0, length));
    }
  }
  return { threes, fours, byStart, begun };
}

type Scan = { readonly bytes: Uint8Array; readonly more: boolean; readonly spans: Span[] };

/** Adds the spans of what is found; `open` where something has begun that may go on, and nothing behind it was looked at. */
function scanned(starts: Starts, scan: Scan): { readonly open: number | undefined; readonly hasOdd: boolean } {
  const { threes } = starts;
  const { bytes } = scan;
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let hasOdd = false;
  let place = 0;
  for (; place + 6 <= length; place += 4) {
    const word = view.getInt32(place, true);
    const next = view.getInt32(place + 2, true);
    if (mayBeOdd(word) && !hasOdd) hasOdd = oddWithin(bytes, place, place + 4);
    if (((threes[hashOf(word)] ?? 0) | (threes[hashOf(next)] ?? 0)) === 0) continue;
    const open = foundFrom(starts, scan, place);
    if (open !== undefined) return { open, hasOdd: true };
  }
  hasOdd ||= oddWithin(bytes, place, length);
  return { open: foundFrom(starts, scan, place), hasOdd };
}

/** The starts at this place, at the one before and the two behind it: those that have one of the threes here. */
function foundFrom({ fours, byStart }: Starts, { bytes, more, spans }: Scan, place: number): number | undefined {
  const last = Math.min(place + startLength - 2, bytes.length - startLength);
  for (let at = Math.max(0, place - 1); at <= last; at++) {
    const key = keyAt(bytes, at);
    if (fours[hashOfFour(key)] === 0) continue;
    for (const writing of byStart.get(key) ?? []) {
      const to = writing.walk(bytes, at, more);
      if (to < 0) return at;
      if (to > 0) addSpan(spans, at, to);
    }
  }
  return undefined;
}

function keyAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** Spans come in the order of their beginnings. */
function addSpan(spans: Span[], from: number, to: number): void {
  const last = spans.at(-1);
  if (last === undefined || last[1] < from) spans.push([from, to]);
  else spans[spans.length - 1] = [last[0], Math.max(last[1], to)];
}

function begunAt(bytes: Uint8Array, begun: ReadonlySet<string>): number {
  const { length } = bytes;
  for (let at = Math.max(0, length - startLength + 1); at < length; at++) {
    if (begun.has(Buffer.from(bytes.subarray(at)).toString("latin1"))) return at;
  }
  return length;
}

/** A launch asks for its secrets anew whenever it learns of one more, and their writings take some milliseconds each. */
const known = new Map<string, readonly Writing[]>();
const mostKnown = 100;

function knownWritingsOf(secret: string): readonly Writing[] {
  const writings = known.get(secret) ?? writingsOf(secret);
  if (known.size >= mostKnown) known.clear();
  known.set(secret, writings);
  return writings;
}

function writingsOf(secret: string): readonly Writing[] {
  const value = secret.replaceAll("\r\n", "\n").trim();
  const lines = value.split("\n").map((line) => line.trim());
  const firstLong = lines.findIndex((line) => line.length >= shortestLine);
  // What goes before says nothing, and may end any line.
  const whole = lines.length === 1 ? value : lines.slice(Math.max(firstLong, 0)).join("\n");
  if (Buffer.byteLength(whole) < startLength) return [];
  return [
    textWriting(whole),
    ...(lines.length === 1 ? [] : lines.filter((line) => line.length >= shortestLine).map(textWriting)),
    ...encodedAs(value).flatMap((bytes) => [...base64Writings(bytes), hexWriting(bytes)]),
    ...keyBodies(value).flatMap(base64TextWritings),
  ];
}

/** What stands between the lines of a PEM key, however it is wrapped. */
function keyBodies(value: string): readonly string[] {
  return Array.from(value.matchAll(/-----BEGIN [^-]*-----([^-]*)-----END/g), ([, body = ""]) =>
    body.replace(/\s|^[\w-]+:.*$/gm, ""),
  ).filter((body) => body.length >= shortestLine);
}
