/** Takes secret values out of text before it is shown or stored. */
export type Redact = (text: string) => string;

/** For when there is no secret: what would be decoded for it can stay bytes. */
export const redactNothing: Redact = (text) => text;

/** Shorter values would blank out ordinary words; they are refused as secrets where secrets enter. */
export const minSecretLength = 4;

/**
 * A redaction for these values, in the forms in which they usually escape: as they are, each line of a multi-line value,
 * JSON-escaped, percent-encoded, and as base64. Longest first, so that a value that contains another leaves nothing behind.
 */
export function redactionOf(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const form of [
      secret,
      ...secret.split(/\r?\n/),
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
    ]) {
      if (form.length >= minSecretLength) forms.add(form);
    }
  }
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  if (ordered.length === 0) return redactNothing;
  return (text) => {
    let redacted = text;
    for (const form of ordered) if (redacted.includes(form)) redacted = redacted.replaceAll(form, "***");
    return redacted;
  };
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
