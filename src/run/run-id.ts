export const runIdPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

const crockford = "0123456789abcdefghjkmnpqrstvwxyz";

/** A time in ms as 10 characters that sort as it does, as in a ULID (https://github.com/ulid/spec). */
export function timeText(ms: number): string {
  let text = "";
  for (let rest = ms, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) text = crockford.charAt(rest % 32) + text;
  return text;
}

/** The time that `timeText` wrote; undefined for anything else. */
export function parseTimeText(text: string): number | undefined {
  if (text.length !== 10) return undefined;
  let ms = 0;
  for (const character of text) {
    const value = crockford.indexOf(character);
    if (value === -1) return undefined;
    ms = ms * 32 + value;
  }
  return ms;
}

/**
 * A run id: the name as a slug, then the time in ms and 3 random characters.
 * It sorts by time within a name; the store creates it create-only, so a collision is seen, never overwritten.
 */
export function newRunId(name: string, now: Date): string {
  // The global crypto is loaded when it is used: importing node:crypto costs every start of the launcher 4 ms.
  const random = Array.from(crypto.getRandomValues(new Uint8Array(3)), (byte) => crockford.charAt(byte % 32)).join("");
  const slug = slugOf(name).slice(0, 26).replace(/-+$/, "");
  return `${slug === "" ? "run" : slug}-${timeText(now.getTime())}${random}`;
}

/** What a run has of its own from its registration on, so that it is never taken for another of its id; see names/identity.ts. */
export function newRunNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

/** Lower-case letters, digits and single dashes: what every resource accepts in a name. Accents are dropped. May be empty. */
export function slugOf(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
