import type { Redact } from "./redaction.ts";

/**
 * Whose words a field has. A secret may be an ordinary word (`train`, `2026`), and may stand by chance in what is ours.
 *   ours     made or checked by us: ids, states, times, hashes. It stays as it is
 *   named    a name that others gave to something, and by which it is found: only a value that is no ordinary word is taken out
 *   free     whatever somebody wrote, in strings, keys and numbers
 *   numbers  a map of numbers, of which those are left out that are a secret's digits
 */
export type Words = "ours" | "named" | "free" | "numbers";

type KeyOf<T> = T extends unknown ? keyof T : never;
type At<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

/** Of each field of a type whose words it has. What a list has, each of its items has. */
export type FieldsOf<T> =
  | Words
  | (T extends readonly (infer Item)[]
      ? FieldsOf<Item>
      : string extends KeyOf<T>
        ? Readonly<Record<string, AnyFields>>
        : [T] extends [object]
          ? { readonly [K in KeyOf<T>]-?: FieldsOf<Exclude<At<T, K>, undefined>> }
          : never);

export type AnyFields = Words | { readonly [key: string]: AnyFields };

/** A copy of plain data without the secrets that stand in words of others. What the fields don't name is free, with its key. */
export function redactFields<T extends object>(value: T, fields: FieldsOf<T>, redact: Redact): T {
  const copy = structuredClone(value);
  redactIn(copy, fields, redact);
  return copy;
}

function redactIn(node: object, fields: AnyFields, redact: Redact): void {
  if (fields === "ours") return;
  const entries = Object.entries(node);
  if (Array.isArray(node)) {
    for (const [index, item] of entries) Reflect.set(node, index, cleanOf(item, fields, redact));
    return;
  }
  for (const key of Object.keys(node)) Reflect.deleteProperty(node, key);
  for (const [key, item] of entries) {
    const known = typeof fields === "object" && Object.hasOwn(fields, key);
    const own = typeof fields === "string" ? fields : known ? fields[key] : "free";
    const cleanKey = known ? key : keyOf(node, key, own === "named" ? redact.sure : redact);
    if (own === "numbers" && typeof item === "number" && isOfSecret(item, redact)) continue;
    Object.defineProperty(node, cleanKey, {
      value: cleanOf(item, own ?? "free", redact),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}

function cleanOf(item: unknown, fields: AnyFields, redact: Redact): unknown {
  if (typeof item === "object" && item !== null) {
    redactIn(item, fields, redact);
    return item;
  }
  if (fields === "ours") return item;
  const text = fields === "named" ? redact.sure : redact;
  if (typeof item === "string") return text(item);
  if (fields === "free" && typeof item === "number" && isOfSecret(item, redact)) return redact(String(item));
  return item;
}

function isOfSecret(number: number, redact: Redact): boolean {
  return redact(String(number)) !== String(number);
}

/** Two keys may become the same. */
function keyOf(node: object, key: string, redact: (text: string) => string): string {
  const clean = redact(key);
  if (clean === key) return key;
  let unique = clean;
  for (let count = 2; Object.hasOwn(node, unique); count++) unique = `${clean} ${count}`;
  return unique;
}
