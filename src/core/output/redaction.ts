import { type SecretSearch, secretSearch, type Span } from "./secrets/secret-search.ts";

/** Takes secret values out of text before it is shown or stored. */
export type Redact = {
  (text: string): string;
  /** For what comes in pieces; undefined where there is nothing to look for. */
  readonly search: SecretSearch | undefined;
};

/** For when there is no secret: what would be searched for it can stay as it is. */
export const redactNothing: Redact = Object.assign((text: string) => text, { search: undefined });

/** Shorter values would blank out ordinary words; they are refused as secrets where secrets enter. */
export const minSecretLength = 4;

const replacement = Buffer.from("***");

/**
 * A redaction for these values, in the forms in which they usually escape: as they are, each line of a multi-line value, quoted and
 * escaped, percent-encoded, and as a part of base64 or hexadecimal.
 */
export function redactionOf(secrets: readonly string[]): Redact {
  const search = secretSearch(secrets.filter(({ length }) => length >= minSecretLength));
  if (search === undefined) return redactNothing;
  return Object.assign(
    (text: string) => {
      const bytes = Buffer.from(text);
      const { spans } = search(bytes);
      return spans.length === 0 ? text : replaceSpans(bytes, spans).toString();
    },
    { search },
  );
}

/** A copy with `***` in place of each span; the bytes themselves where there is none. */
export function replaceSpans(bytes: Buffer, spans: readonly Span[]): Buffer {
  if (spans.length === 0) return bytes;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const [start, end] of spans) {
    parts.push(bytes.subarray(from, start), replacement);
    from = end;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** A URL without its user and password, for messages and records. Text that is no URL is returned as it is. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

/** A copy of plain data in which every string is redacted. */
export function redactDeep<T extends object>(value: T, redact: Redact): T {
  const copy = structuredClone(value);
  redactInPlace(copy, redact);
  return copy;
}

function redactInPlace(node: object, redact: Redact): void {
  for (const key of Object.keys(node)) {
    const item: unknown = Reflect.get(node, key);
    if (typeof item === "string") Reflect.set(node, key, redact(item));
    else if (typeof item === "object" && item !== null) redactInPlace(item, redact);
  }
}
