import { createHash } from "node:crypto";
import { slugOf } from "../run-id.ts";

/**
 * A run id that the same key gives again: the name as a slug, and 13 characters of the key's hash where `newRunId` has the time and
 * what is random. So a step that is run again makes the run that is there already.
 */
export function runIdFrom(name: string, key: string): string {
  const slug = slugOf(name).slice(0, 26).replace(/-+$/, "");
  const hash = createHash("sha256").update(key).digest();
  const text = Array.from(hash.subarray(0, 13), (byte) => "0123456789abcdefghjkmnpqrstvwxyz".charAt(byte % 32)).join(
    "",
  );
  return `${slug === "" ? "run" : slug}-${text}`;
}
