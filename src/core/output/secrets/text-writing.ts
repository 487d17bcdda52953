import type { Writing } from "./writing.ts";
import { startLength } from "./writing.ts";

/*
 * A value as text, however it is quoted: as it is, percent-encoded, escaped for JSON, Python, a shell, HTML, or some of these over each
 * other. Each character may be written in any of its ways, so one walk over the text finds all of them and their mixtures.
 */

/** One way to write a character. */
type Way = {
  readonly bytes: Uint8Array;
  /** Only behind a backslash: the `n` of `\n`. */
  readonly escaped: boolean;
  /** Its letters may be of either case: digits of a hexadecimal number. The bytes are those of the lower. */
  readonly anyCase: boolean;
};

/** A character of the value: its ways; or a run of backslashes, which quoting makes longer. */
type Unit = { readonly ways: readonly Way[]; readonly backslashes: number; readonly isPlain: boolean };

const backslash = 0x5c;
const newline = 0x0a;
/** As many as four quotings over each other make of one. */
const mostBackslashes = 16;
/** How far the lines of a value may be moved in. */
const deepestIndent = 32;

export function textWriting(value: string): Writing {
  const units = unitsOf(value);
  return {
    starts: startsOf(units),
    walk: (bytes, at, more) => walk(units, { bytes, more }, at),
  };
}

type Text = { readonly bytes: Uint8Array; readonly more: boolean };

/** Where text may end when more of it comes. */
const open = -1;

function walk(units: readonly Unit[], text: Text, at: number): number {
  let places: number[] = [at];
  for (const unit of units) {
    const [place = 0] = places;
    if (unit.isPlain && places.length === 1 && text.bytes[place] === unit.ways[0]?.bytes[0]) {
      places[0] = place + 1;
      continue;
    }
    const next: number[] = [];
    for (const place of places) {
      if (!step(unit, { text, place }, next)) return open;
    }
    if (next.length === 0) return 0;
    places = next.length === 1 ? next : [...new Set(next)];
  }
  return Math.max(...places);
}

/** Adds where the unit may end. False when the text ends before that is known. */
function step(unit: Unit, { text, place }: { text: Text; place: number }, next: number[]): boolean {
  const { bytes, more } = text;
  let at = place;
  while (at < bytes.length && at - place < mostBackslashes && bytes[at] === backslash) at++;
  const run = at - place;
  if (at === bytes.length && more) return false;
  if (unit.backslashes > 0) {
    // The last of them may be what quotes the next character.
    for (let end = unit.backslashes; end <= run; end++) next.push(place + end);
    if (run > 0) return true;
  }
  for (const way of unit.ways) {
    if (way.escaped && run === 0) continue;
    const end = endOf(way, text, at);
    if (end === open) return false;
    if (end === 0) continue;
    next.push(end);
    if (bytes[end - 1] === newline) pushIndented(text, end, next);
  }
  return true;
}

function pushIndented({ bytes }: Text, from: number, next: number[]): void {
  for (let at = from; at < bytes.length && at - from < deepestIndent; at++) {
    if (bytes[at] !== 0x20 && bytes[at] !== 0x09) break;
    next.push(at + 1);
  }
}

function endOf({ bytes: way, anyCase }: Way, { bytes, more }: Text, at: number): number {
  for (let index = 0; index < way.length; index++) {
    if (at + index >= bytes.length) return more ? open : 0;
    const byte = bytes[at + index] ?? 0;
    if ((anyCase ? lower(byte) : byte) !== way[index]) return 0;
  }
  return at + way.length;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** The first bytes of all ways to write it. Letters and digits stand for themselves there: no usual quoting touches them. */
function startsOf(units: readonly Unit[]): ReadonlySet<string> {
  const starts = new Set<string>();
  const extend = (begun: string, index: number): void => {
    if (begun.length >= startLength) {
      starts.add(begun.slice(0, startLength));
      return;
    }
    const unit = units[index];
    if (unit === undefined) return;
    const { ways, backslashes, isPlain } = unit;
    for (let more = 0; backslashes > 0 && more < startLength; more++) {
      extend(begun + "\\".repeat(backslashes + more), index + 1);
    }
    for (const { bytes, escaped, anyCase } of isPlain ? ways.slice(0, 1) : ways) {
      const text = Buffer.from(bytes).toString("latin1");
      const least = escaped ? 1 : 0;
      // What quotes the first character may stay, but for what makes another of it.
      const most = index === 0 || isPlain ? least : startLength;
      for (const cased of anyCase ? [text, withUpperDigits(text)] : [text]) {
        for (let count = least; count <= most; count++) extend(begun + "\\".repeat(count) + cased, index + 1);
      }
    }
  };
  extend("", 0);
  return starts;
}

/** `%c3` as `%C3`, `u00e9` as `u00E9`. */
function withUpperDigits(text: string): string {
  return text.replace(/(?<=[%ux0#\\][0-9a-f]*)[a-f]/g, (digit) => digit.toUpperCase());
}

function unitsOf(value: string): readonly Unit[] {
  const units: Unit[] = [];
  for (const part of value.match(/\\+|[^\\]/gu) ?? []) {
    const isRun = part.startsWith("\\");
    units.push({
      ways: isRun ? waysOfRun(part.length) : knownWaysOf(part),
      backslashes: isRun ? part.length : 0,
      isPlain: /^[A-Za-z0-9]$/.test(part),
    });
  }
  return units;
}

const named: Readonly<Record<string, readonly string[]>> = {
  "&": ["&amp;"],
  "<": ["&lt;"],
  ">": ["&gt;"],
  '"': ["&quot;", '""'],
  // Within quotes of a shell, of SQL and YAML.
  "'": ["&apos;", "'\\''", `'"'"'`, "''"],
  $: ["$$"],
  " ": ["+", "&nbsp;"],
  "%": ["%%"],
  // A shell without quotes makes spaces of line ends.
  "\n": ["\r\n", " ", "%0d%0a", "<br>"],
};
const letters: Readonly<Record<string, readonly string[]>> = {
  "\n": ["n", "r\\n", "r\\\\n"],
  "\r": ["r"],
  "\t": ["t"],
  "\b": ["b"],
  "\f": ["f"],
};

const known = new Map<string, readonly Way[]>();

function knownWaysOf(character: string): readonly Way[] {
  const ways = known.get(character) ?? waysOf(character);
  if (character.length === 1) known.set(character, ways);
  return ways;
}

/** Each of them written in the same way. As themselves they are counted instead. */
function waysOfRun(length: number): readonly Way[] {
  return knownWaysOf("\\")
    .slice(1)
    .filter(({ escaped }) => !escaped)
    .map((way) => ({ ...way, bytes: Buffer.concat(Array.from({ length }, () => way.bytes)) }));
}

function waysOf(character: string): readonly Way[] {
  const bytes = Buffer.from(character);
  const code = character.codePointAt(0) ?? 0;
  const hex = (digits: number, of = code): string => of.toString(16).padStart(digits, "0");
  const each = (before: string, of: (byte: number) => string): string =>
    Array.from(bytes, (byte) => before + of(byte)).join("");
  const units = Array.from({ length: character.length }, (_, index) => `u${hex(4, character.charCodeAt(index))}`);
  const raw = [character, ...(named[character] ?? [])];
  // As one byte, where the text is in latin1.
  const narrow = code >= 0x80 && code < 0x100;
  const numbers = [
    each("%", (byte) => hex(2, byte)),
    each("%25", (byte) => hex(2, byte)),
    ...(narrow ? [`%${hex(2)}`, `%25${hex(2)}`] : []),
    `&#${code};`,
    `&#x${hex(1)};`,
    `&#x${hex(2)};`,
  ];
  const escapes = [
    units.join("\\"),
    units.join("\\\\"),
    each("\\x", (byte) => hex(2, byte)).slice(1),
    each("\\", (byte) => byte.toString(8).padStart(3, "0")).slice(1),
    ...(code < 0x100 ? [`x${hex(2)}`] : []),
    ...(narrow ? [code.toString(8)] : []),
    `u{${hex(1)}}`,
  ];
  const way = (text: string, escaped: boolean, anyCase: boolean): Way => ({
    bytes: Buffer.from(text),
    escaped,
    anyCase,
  });
  return [
    ...raw.map((text) => way(text, false, false)),
    ...(narrow ? [{ bytes: Buffer.from(character, "latin1"), escaped: false, anyCase: false }] : []),
    ...numbers.map((text) => way(text, false, true)),
    ...[...(letters[character] ?? []), `U${hex(8)}`, `U${hex(8).toUpperCase()}`].map((text) => way(text, true, false)),
    ...[...new Set(escapes)].map((text) => way(text, true, true)),
  ];
}
