import { base64TextWritings, base64Writings, hexWriting } from "./coded-writing.ts";
import { textWriting } from "./text-writing.ts";
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
 * A search for these values; undefined where there is nothing to look for. It reads two of every three or four bytes at most once: those
 * that end no start of a writing let it leap (as Wu and Manber's does).
 */
export function secretSearch(values: readonly string[]): SecretSearch | undefined {
  const writings = [...new Set(values)].flatMap(writingsOf);
  const byStart = new Map<number, Writing[]>();
  const begun = new Set<string>();
  const leaps = new Uint8Array(0x10000).fill(startLength - 1);
  for (const writing of writings) {
    for (const start of writing.starts) {
      const bytes = Buffer.from(start, "latin1");
      const key = bytes.readInt32BE();
      const others = byStart.get(key);
      if (others === undefined) byStart.set(key, [writing]);
      else others.push(writing);
      for (let at = 1; at < startLength; at++) {
        begun.add(start.slice(0, at));
        const pair = bytes.readUInt16BE(at - 1);
        leaps[pair] = Math.min(leaps[pair] ?? 0, startLength - 1 - at);
      }
    }
  }
  if (byStart.size === 0) return undefined;
  return (bytes, more = false, covered = 0) => {
    const spans: Span[] = covered === 0 ? [] : [[0, covered]];
    const { length } = bytes;
    for (let end = startLength - 1; end < length;) {
      const leap = leaps[((bytes[end - 1] ?? 0) << 8) | (bytes[end] ?? 0)] ?? 0;
      if (leap > 0) {
        end += leap;
        continue;
      }
      const at = end - startLength + 1;
      end++;
      const likely = byStart.get(keyAt(bytes, at));
      if (likely === undefined) continue;
      for (const writing of likely) {
        const to = writing.walk(bytes, at, more);
        if (to < 0) return { spans, open: at };
        if (to > 0) addSpan(spans, at, to);
      }
    }
    return { spans, open: more ? begunAt(bytes, begun) : length };
  };
}

function keyAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
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

function writingsOf(secret: string): readonly Writing[] {
  const value = secret.replaceAll("\r\n", "\n").trim();
  const lines = value.split("\n").map((line) => line.trim());
  const firstLong = lines.findIndex((line) => line.length >= shortestLine);
  // What goes before says nothing, and may end any line.
  const whole = lines.length === 1 ? value : lines.slice(Math.max(firstLong, 0)).join("\n");
  const bytes = Buffer.from(value);
  if (Buffer.byteLength(whole) < startLength) return [];
  return [
    textWriting(whole),
    ...(lines.length === 1 ? [] : lines.filter((line) => line.length >= shortestLine).map(textWriting)),
    ...base64Writings(bytes),
    ...base64Writings(Buffer.from(value, "utf16le")),
    hexWriting(bytes),
    ...keyBodies(value).flatMap(base64TextWritings),
  ];
}

/** What stands between the lines of a PEM key, however it is wrapped. */
function keyBodies(value: string): readonly string[] {
  return Array.from(value.matchAll(/-----BEGIN [^-]*-----([^-]*)-----END/g), ([, body = ""]) =>
    body.replace(/\s|^[\w-]+:.*$/gm, ""),
  ).filter((body) => body.length >= shortestLine);
}
