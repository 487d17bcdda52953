import { isJsonObject, type Json, type JsonObject } from "../../../src/core/json.ts";

/* Documents changed by chance: in what they say, and in their bytes. A seed makes the same again. */

type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error("nothing to choose from");
  return item;
};

function nested(depth: number): Json {
  let value: Json = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A JSON text that stands for itself: what JSON.stringify would never write. */
const literals = [
  "1e999",
  "-0",
  "123456789012345678901234567890",
  "0.1e-400",
  '"\\u0000"',
  '"\\ud800"',
  '"\u202e\u001b[2J"',
];

const values: readonly ((random: Random) => Json)[] = [
  () => null,
  () => true,
  () => "",
  () => "garbage",
  () => "2026-02-31T99:99:99Z",
  () => "9999-12-31T23:59:59.999Z",
  () => "1970-01-01T00:00:00+14:00",
  () => -7,
  () => 0.5,
  () => 1e300,
  () => Number.MAX_SAFE_INTEGER,
  () => [],
  () => ({}),
  () => [[], null, { a: [1] }],
  () => ({ constructor: {}, toString: null, hasOwnProperty: 1 }),
  (random) => "x".repeat(Math.floor(random() * 10_000)),
  (random) => "é\u0000\ud800".repeat(Math.floor(random() * 2_000)),
  (random) => nested(1 + Math.floor(random() * 2_000)),
  (random) => Array.from({ length: Math.floor(random() * 20_000) }, () => ({})),
];

/** Somewhere below a value; the changed copy. */
function changed(value: Json, random: Random): Json {
  const keys = Array.isArray(value) ? [...value.keys()] : isJsonObject(value) ? Object.keys(value) : [];
  if (keys.length === 0 || random() < 0.15) return pick(random, values)(random);
  const key = pick<string | number>(random, keys);
  const isGone = random() < 0.2;
  if (Array.isArray(value)) {
    return value.flatMap((item: Json, at) => (at !== key ? [item] : isGone ? [] : [changed(item, random)]));
  }
  const members = Object.entries(value as JsonObject).flatMap(([name, item]): readonly (readonly [string, Json])[] =>
    name !== key ? [[name, item]] : isGone ? [] : [[random() < 0.1 ? "__proto__" : name, changed(item, random)]],
  );
  return Object.fromEntries(members);
}

const textChanges: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => text.slice(0, Math.floor(random() * text.length)),
  (text, random) => text.replace(/:\s*("[^"]*"|-?\d+)/, () => `:${pick(random, literals)}`),
  (text, random) => text.replace(/"(\w+)":/, (whole) => `${whole}${pick(random, literals)},${whole}`),
  (text) => `${text.slice(0, -1)},"__proto__":{"state":"queued"}}`,
  (text, random) => `${text.slice(0, -1)},"deep":${"[".repeat(60 + Math.floor(random() * 60_000))}`,
  (text, random) => `${text.slice(0, -1)},"x":[${"{},".repeat(Math.floor(random() * 200_000))}{}]}`,
  (text) => text.replaceAll('"', "'"),
  (text) => text + text,
];

const parts: readonly string[] = ["", "a", "é", "\u{1f600}"];

/** What may be long in a head, by its schema or as it says nothing of it. */
const lengths: readonly ((bytes: number, random: Random) => JsonObject)[] = [
  (bytes) => ({ message: "x".repeat(bytes) }),
  (bytes, random) => ({ message: pick(random, parts).repeat(bytes / 8) }),
  (bytes, random) => {
    const count = Math.min(9_000, Math.floor(bytes / 25));
    return { metrics: Object.fromEntries(Array.from({ length: count }, (_, at) => [`metric-${at}`, random()])) };
  },
  (bytes) => ({ x: "x".repeat(bytes) }),
  (bytes) => ({ moved: { from: "x".repeat(bytes) } }),
  (bytes, random) => ({ by: "é".repeat(Math.min(4_000, bytes * random())), name: "n".repeat(4_000) }),
];

const queuedLengths: readonly ((bytes: number) => JsonObject)[] = [
  () => ({}),
  (bytes) => ({
    slots: Object.fromEntries(Array.from({ length: Math.floor(bytes / 60) }, (_, at) => [`slot-${at}`.padEnd(40), 0])),
  }),
  (bytes) => ({ slots: { ["s".repeat(bytes)]: 0 } }),
  () => ({ group: "g".repeat(4_000), replace: "r".repeat(4_000) }),
];

/** A head of up to so many bytes in which nothing is wrong. */
export function largeHead(head: JsonObject, bytes: number, random: Random): Buffer {
  const { queued } = head;
  const inQueue = isJsonObject(queued) ? { queued: { ...queued, ...pick(random, queuedLengths)(bytes / 2) } } : {};
  return Buffer.from(JSON.stringify({ ...head, ...inQueue, ...pick(random, lengths)(bytes / 2, random) }));
}

/** A document's bytes, changed in one to three ways. */
export function mutated(document: JsonObject, random: Random): Buffer {
  let value: Json = document;
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) value = changed(value, random);
  let text = JSON.stringify(value);
  if (random() < 0.3) text = pick(random, textChanges)(text, random);
  const bytes = Buffer.from(text);
  if (random() < 0.1 && bytes.length > 0) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}
