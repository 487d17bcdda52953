import { withoutCredentials } from "./credentials.ts";
import { type SecretSearch, secretSearch, type Span } from "./secrets/secret-search.ts";

/** Takes secret values out of text before it is shown or stored. */
export type Redact = {
  (text: string): string;
  /** For what comes in pieces; undefined where there is nothing to look for. */
  readonly search: SecretSearch | undefined;
  /** The same for those values alone that are no ordinary words. */
  readonly sureSearch: SecretSearch | undefined;
  /** Takes out those values alone that are no ordinary words. */
  readonly sure: (text: string) => string;
  /** Whether text has one of those values. */
  readonly holds: (text: string) => boolean;
};

/** For when there is no secret: output can stay as it is, and words lose what its form tells to be a credential. */
export const redactNothing: Redact = Object.assign((text: string) => withoutCredentials(text), {
  search: undefined,
  sureSearch: undefined,
  sure: withoutCredentials,
  holds: () => false,
});

/** Shorter values would blank out ordinary words; they are refused as secrets where secrets enter. */
export const minSecretLength = 4;

/** Below this a value is also an ordinary word. */
export const surelySecretLength = 8;

const replacement = Buffer.from("***");

/**
 * A redaction for these values, in the forms in which they usually escape: as they are, each line of a multi-line value, quoted and
 * escaped, percent-encoded, and as a part of base64 or hexadecimal. Words lose other credentials too, by their form.
 */
export function redactionOf(secrets: readonly string[]): Redact {
  const search = secretSearch(secrets.filter(({ length }) => length >= minSecretLength));
  if (search === undefined) return redactNothing;
  const sure = secrets.filter(({ length }) => length >= surelySecretLength);
  const sureSearch = sure.length === secrets.length ? search : secretSearch(sure);
  const holds = (text: string): boolean => (sureSearch?.(Buffer.from(text)).spans.length ?? 0) > 0;
  return Object.assign(redacting(search), { search, sureSearch, sure: redacting(sureSearch), holds });
}

function redacting(search: SecretSearch | undefined): (text: string) => string {
  return (text) => {
    const bytes = Buffer.from(text);
    const { spans } = search?.(bytes) ?? { spans: [] };
    return withoutCredentials(spans.length === 0 ? text : replaceSpans(bytes, spans).toString());
  };
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
