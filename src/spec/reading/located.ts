import type { Json } from "../../core/json.ts";
import type { Origin } from "./fault.ts";

/** A value that knows where it was written, and under which path. Files, flags and variables all become trees of these. */
export type Located = LocatedMap | LocatedList | LocatedScalar;

type Position = {
  readonly origin: Origin;
  /** As written: `overrides.args[1]`. It stays when the value is moved to another field. */
  readonly path: string;
};
export type LocatedMap = Position & { readonly kind: "map"; readonly entries: ReadonlyMap<string, Entry> };
export type LocatedList = Position & { readonly kind: "list"; readonly items: readonly Located[] };
export type LocatedScalar = Position & {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** The characters that were written: `1e-4`, `3.10`. */
  readonly text: string;
};
export type Entry = { readonly key: Origin; readonly value: Located };

/** What a key can't be called: validation would lose it without a word, and elsewhere it is no key at all. */
export const lostKey = "__proto__";

export function emptyMap(origin: Origin, path = ""): LocatedMap {
  return { kind: "map", origin, path, entries: new Map() };
}

export function pathOf(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return parent === "" ? name : `${parent}.${name}`;
}

/** A tree of a value that has one origin as a whole: a flag's, an input's. */
export function locate(value: Json, origin: Origin, path: string): Located {
  if (value === null || typeof value !== "object") return scalar(value, origin, path);
  if (isList(value)) {
    return { kind: "list", origin, path, items: value.map((item, i) => locate(item, origin, pathOf(path, i))) };
  }
  const entries = new Map<string, Entry>();
  for (const [key, item] of Object.entries(value)) {
    entries.set(key, { key: origin, value: locate(item, origin, pathOf(path, key)) });
  }
  return { kind: "map", origin, path, entries };
}

export function scalar(value: string | number | boolean | null, origin: Origin, path: string): LocatedScalar {
  return { kind: "scalar", value, text: String(value), origin, path };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function toJson(tree: Located): Json {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(toJson);
  return Object.fromEntries([...tree.entries].map(([key, entry]) => [key, toJson(entry.value)]));
}

export function childOf(tree: Located | undefined, key: PropertyKey): Located | undefined {
  if (tree?.kind === "map") return tree.entries.get(String(key))?.value;
  return tree?.kind === "list" && typeof key === "number" ? tree.items[key] : undefined;
}

export function at(tree: Located | undefined, path: readonly PropertyKey[]): Located | undefined {
  return path.reduce<Located | undefined>(childOf, tree);
}

/** The map with this entry in place of its own of that name; without it when `value` is undefined. */
export function withEntry(map: LocatedMap, key: string, entry: Entry | undefined): LocatedMap {
  const entries = new Map(map.entries);
  if (entry === undefined) entries.delete(key);
  else entries.set(key, entry);
  return { ...map, entries };
}

/** The tree without what is at the end of `path`. */
export function without(tree: Located, [key, ...rest]: readonly string[]): Located {
  if (tree.kind !== "map" || key === undefined) return tree;
  const entry = tree.entries.get(key);
  if (entry === undefined) return tree;
  return withEntry(tree, key, rest.length === 0 ? undefined : { ...entry, value: without(entry.value, rest) });
}

/** A map that holds `value` at the end of `path` and nothing else. */
export function nest(value: Located, path: readonly string[]): Located {
  return path.reduceRight<Located>((inner, key, i) => {
    const around = emptyMap(value.origin, path.slice(0, i).reduce(pathOf, ""));
    return withEntry(around, key, { key: value.origin, value: inner });
  }, value);
}
