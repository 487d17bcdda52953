export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** JSON with sorted keys and no spaces: equal values give equal text, so it can be hashed. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/**
 * A plain value as JSON: what JSON can't hold (undefined, functions) is left out, as JSON.stringify does.
 * Throws a TypeError for anything but an object.
 */
export function toJson(value: object): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (!isJsonObject(copy)) throw new TypeError("only an object can be turned into a JSON object");
  return copy;
}

/** Sound for what JSON.parse returns: below an object of it there is JSON only. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a text; undefined where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/*
 * JSON that somebody else wrote is held against its bounds before any of it is made: a text of a hundred kilobytes may be lists in each other
 * that no recursion can bear, or become gigabytes of empty objects.
 */
export type JsonBounds = {
  /** Of the text, in UTF-8. */
  readonly bytes: number;
  /** Of lists and objects in each other. */
  readonly depth: number;
  /** Lists, objects and what is in them. */
  readonly values: number;
};

export type ParsedObject =
  { readonly kind: "object"; readonly value: JsonObject } | { readonly kind: "other"; readonly why: string };

/** Reads a text as a JSON object. `why` goes on from what the text is called: `its head` `is not a JSON object`. */
export function readJsonObject(content: string | Uint8Array, bounds: JsonBounds): ParsedObject {
  const bytes = typeof content === "string" ? Buffer.byteLength(content) : content.byteLength;
  if (bytes > bounds.bytes) return { kind: "other", why: `has more than ${bounds.bytes} bytes` };
  const text = typeof content === "string" ? content : Buffer.from(content).toString();
  const why = excessOf(text, bounds);
  if (why !== undefined) return { kind: "other", why };
  const value = parseJson(text);
  return isJsonObject(value) ? { kind: "object", value } : { kind: "other", why: "is not a JSON object" };
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What of its bounds a text exceeds, in the same words; undefined where it fits. What is no JSON is for the parser to see. */
export function excessOf(text: string, { depth, values }: JsonBounds): string | undefined {
  let level = 0;
  let count = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openList || code === openObject) {
      count++;
      if (++level > depth) return `is nested more than ${depth} deep`;
    } else if (code === closeList || code === closeObject) level--;
    else if (code === comma) count++;
    if (count > values) return `has more than ${values} values`;
  }
  return undefined;
}

/** Where the string that begins at `start` ends: at the first quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

/* A text is taken apart without anything being made of it: of a long one the most may not be wanted. */

/** A member of an object, each part as it is written. */
export type JsonMember = { readonly name: Buffer; readonly value: Buffer };

const blanks: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d];

/** Undefined for what is no object's text. What a member's value is, is not looked at further than to where it ends. */
export function membersOf(text: Buffer): readonly JsonMember[] | undefined {
  const members: JsonMember[] = [];
  let at = behindBlanks(text, 0);
  if (text[at] !== openObject) return undefined;
  at = behindBlanks(text, at + 1);
  if (text[at] === closeObject) return members;
  for (;;) {
    if (text[at] !== quote) return undefined;
    const nameEnd = behindString(text, at);
    const name = text.subarray(at, nameEnd);
    const colonAt = behindBlanks(text, nameEnd);
    if (text[colonAt] !== colon) return undefined;
    const start = behindBlanks(text, colonAt + 1);
    const end = behindValue(text, start);
    members.push({ name, value: text.subarray(start, end) });
    if (text[end] !== comma) return text[end] === closeObject ? members : undefined;
    at = behindBlanks(text, end + 1);
  }
}

function behindBlanks(text: Buffer, start: number): number {
  let at = start;
  while (blanks.includes(text[at]) && at < text.length) at++;
  return at;
}

function behindString(text: Buffer, start: number): number {
  for (let at = text.indexOf(quote, start + 1); at !== -1; at = text.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === backslash) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  return text.length;
}

/** At the comma or the bracket that ends it. */
function behindValue(text: Buffer, start: number): number {
  let level = 0;
  for (let at = start; at < text.length; at++) {
    const byte = text[at];
    if (byte === quote) at = behindString(text, at) - 1;
    else if (byte === openList || byte === openObject) level++;
    else if (level === 0 && (byte === comma || byte === closeObject)) return at;
    else if (byte === closeList || byte === closeObject) level--;
  }
  return text.length;
}
