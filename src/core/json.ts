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

/** Deeper than anything that people write, and far from what our own recursion can bear. */
const deepest = 500;

/** Whether all of it can be walked: whoever made it may have nested it a million times. */
function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level.flatMap((each) => {
      const items: readonly unknown[] = Array.isArray(each) ? each : isJsonObject(each) ? Object.values(each) : [];
      return items.filter(isNested);
    });
  }
  return false;
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

export type ParsedObject =
  { readonly kind: "object"; readonly value: JsonObject } | { readonly kind: "other"; readonly why: string };

/** Reads text that somebody else wrote as a JSON object. `why` goes on from what the text is called: `its head` `is no JSON object`. */
export function parseJsonObject(text: string): ParsedObject {
  return checkedObject(parseJson(text));
}

/** The value of a text; undefined where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same, of what JSON.parse has returned. */
export function checkedObject(value: unknown): ParsedObject {
  if (!isJsonObject(value)) return notAnObject;
  return isTooDeep(value) ? { kind: "other", why: `is nested more than ${deepest} deep` } : { kind: "object", value };
}

const notAnObject: ParsedObject = { kind: "other", why: "is not a JSON object" };
