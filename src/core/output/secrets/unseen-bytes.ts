import type { Found, SecretSearch, Span } from "./secret-search.ts";

/*
 * A value with a control sequence in its midst is none to a search, and stands in clear where a terminal has taken the sequence out or acts
 * on it. So where there are such bytes, what is left without them is searched too.
 */

/** What terminal-text.ts takes out, as bytes of UTF-8 in latin1, and colours; a carriage return that ends no line. */
const c1 = String.raw`\xc2[\x80-\x9f]`;
const unseen = new RegExp(
  [
    // OSC, DCS, SOS, PM and APC, up to their end or the line's.
    String.raw`(?:\x1b[\]PX^_]|\xc2[\x90\x98\x9d-\x9f])(?:(?!\xc2\x9c)[^\x07\x1b\n])*(?:\x07|\x1b\\|\xc2\x9c)?`,
    String.raw`(?:\x1b\[|\xc2\x9b)[0-?]*[ -\/]*[@-~]?`,
    String.raw`\x1b[ -\/]*[0-~]?`,
    String.raw`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r+(?!\n)|${c1}`,
    String.raw`\xd8\x9c|\xe2\x80[\x8b\x8e\x8f\xaa-\xae]|\xe2\x81[\xa0\xa6-\xa9]|\xef\xbb\xbf|\xf3\xa0[\x80\x81][\x80-\xbf]`,
  ].join("|"),
  "g",
);
/** One that has begun and may go on in what comes. */
const cutOff =
  /(?:\x1b(?:[\]PX^_][^\x07\x1b\n]*|\[[0-?]*[ -/]*|[ -/]*)?|\xc2|\xe2[\x80\x81]?|\xef\xbb?|\xf3(?:\xa0[\x80\x81]?)?|\xd8|\r+)$/;

/** A search that says besides whether it has seen a byte that is no printable ASCII, tab or newline, or has not looked. */
type PlainSearch = (bytes: Uint8Array, more: boolean, covered: number) => Found & { readonly hasOdd: boolean };

/** The same search, also over what takes out bytes that nobody sees. */
export function acrossUnseen(search: PlainSearch): SecretSearch {
  return (bytes, more = false, covered = 0) => {
    const found = search(bytes, more, covered);
    const seen = found.hasOdd ? withoutUnseen(bytes) : undefined;
    if (seen === undefined) return found;
    const across = search(seen.bytes, more, 0);
    const spans = across.spans.map(([from, to]): Span => [seen.placeOf(from), seen.placeOf(to - 1) + 1]);
    const cut = more ? cutOff.exec(Buffer.from(bytes.subarray(-longestCut)).toString("latin1")) : null;
    const begun = cut === null ? bytes.length : bytes.length - cut[0].length;
    const open = across.open === seen.bytes.length ? bytes.length : seen.placeOf(across.open);
    return { spans: merged([...found.spans, ...spans]), open: Math.min(found.open, open, begun) };
  };
}

/** A sequence whose beginning is further back is held no longer for its end. */
const longestCut = 256;

/** Whether one of four bytes is below 0x20 (a newline too), 0x7f or above. */
export function mayBeOdd(word: number): boolean {
  return ((word | (word + 0x01010101) | ((word - 0x20202020) & ~word)) & 0x80808080) !== 0;
}

export function oddWithin(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x7f || (byte < 0x20 && byte !== 0x0a && byte !== 0x09)) return true;
  }
  return false;
}

type Seen = {
  readonly bytes: Buffer;
  /** Where a byte of them stands among all. */
  readonly placeOf: (at: number) => number;
};

/** Undefined where all is seen. */
function withoutUnseen(bytes: Uint8Array): Seen | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const parts: string[] = [];
  /** Of each part, where it begins among what is seen, and among all. */
  const begins: number[] = [];
  const places: number[] = [];
  let from = 0;
  let length = 0;
  const keep = (to: number): void => {
    if (to === from) return;
    parts.push(text.slice(from, to));
    begins.push(length);
    places.push(from);
    length += to - from;
  };
  for (const { 0: sequence, index } of text.matchAll(unseen)) {
    keep(index);
    from = index + sequence.length;
  }
  if (from === 0) return undefined;
  keep(text.length);
  const placeOf = (at: number): number => {
    const part = lastAtMost(begins, at);
    return (places[part] ?? 0) + at - (begins[part] ?? 0);
  };
  return { bytes: Buffer.from(parts.join(""), "latin1"), placeOf };
}

/** The index of the last of these ascending numbers that is no greater. */
function lastAtMost(numbers: readonly number[], most: number): number {
  let low = 0;
  for (let high = numbers.length; high - low > 1;) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= most) low = middle;
    else high = middle;
  }
  return low;
}

function merged(spans: readonly Span[]): readonly Span[] {
  const all: Span[] = [];
  for (const [from, to] of [...spans].sort(([one], [other]) => one - other)) {
    const last = all.at(-1);
    if (last === undefined || last[1] < from) all.push([from, to]);
    else all[all.length - 1] = [last[0], Math.max(last[1], to)];
  }
  return all;
}
