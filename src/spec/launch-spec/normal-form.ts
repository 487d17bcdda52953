import { otherResourceNames } from "../../resources/index.ts";
import { byDefault, type Fault } from "../reading/fault.ts";
import {
  at,
  emptyMap,
  type Entry,
  type Located,
  nest,
  pathOf,
  scalar,
  without,
  withEntry,
} from "../reading/located.ts";
import { unite } from "../resolve/merge.ts";

type OtherName = { readonly name: readonly string[]; readonly field: readonly string[] };

/** W&B's other names for a field of the spec. */
export const otherNames: readonly OtherName[] = [
  { name: ["image_uri"], field: ["docker", "docker_image"] },
  { name: ["git_version"], field: ["git", "version"] },
  ...[...otherResourceNames].map(([name, own]) => ({ name: ["resource_args", name], field: ["resource_args", own] })),
];

/**
 * One layer of a spec in its normal form, before layers are merged: every field under its first name, `args` and `secrets`
 * in the one shape that can be added to, numbers in `args` and `env` as the text that was written. Shapes that are wrong
 * stay as they are: validation says so.
 */
export function normalForm(layer: Located, faults: Fault[]): Located {
  let tree = layer;
  for (const other of otherNames) tree = moved(tree, other, faults);
  tree = changed(tree, ["resource"], resourceName);
  tree = changed(tree, ["overrides", "args"], argumentList);
  tree = changed(tree, ["secrets"], secretMap);
  tree = changed(tree, ["env"], textValues);
  return buildersApart(tree, faults);
}

function moved(tree: Located, { name, field }: OtherName, faults: Fault[]): Located {
  const value = at(tree, name);
  return value === undefined ? tree : unite(without(tree, name), nest(value, field), faults);
}

function changed(tree: Located, [key, ...rest]: readonly string[], change: (value: Located) => Located): Located {
  if (key === undefined) return change(tree);
  const entry = tree.kind === "map" ? tree.entries.get(key) : undefined;
  if (tree.kind !== "map" || entry === undefined) return tree;
  return withEntry(tree, key, { ...entry, value: changed(entry.value, rest, change) });
}

function resourceName(value: Located): Located {
  const name =
    value.kind === "scalar" && typeof value.value === "string" ? otherResourceNames.get(value.value) : undefined;
  return name === undefined ? value : scalar(name, value.origin, value.path);
}

/** `{lr: 1e-4}` → `["--lr=1e-4"]`, with the characters that were written. */
function argumentList(value: Located): Located {
  if (value.kind !== "map") return value;
  const items = [...value.entries].map(([key, { value: item }]) =>
    item.kind === "scalar" && item.value !== null ? scalar(`--${key}=${textOf(item)}`, item.origin, item.path) : item,
  );
  return { kind: "list", origin: value.origin, path: value.path, items };
}

function textOf(item: Located & { kind: "scalar" }): string {
  return typeof item.value === "string" ? item.value : item.text;
}

/** `[TOKEN]` → `{TOKEN: TOKEN}`. */
function secretMap(value: Located): Located {
  if (value.kind !== "list") return value;
  const entries = new Map<string, Entry>();
  for (const item of value.items) {
    if (item.kind !== "scalar" || typeof item.value !== "string") return value;
    entries.set(item.value, { key: item.origin, value: item });
  }
  return { ...emptyMap(value.origin, value.path), entries };
}

function textValues(value: Located): Located {
  if (value.kind !== "map") return value;
  const entries = [...value.entries].map(([key, entry]): [string, Entry] => {
    const item = entry.value;
    const plain = item.kind === "scalar" && (typeof item.value === "number" || typeof item.value === "boolean");
    return [key, plain ? { ...entry, value: scalar(item.text, item.origin, item.path) } : entry];
  });
  return { ...value, entries: new Map(entries) };
}

/** Moves `resource_args.<resource>.builder` to `builder.<resource>`: it is for the builder, and no argument of the resource. */
function buildersApart(tree: Located, faults: Fault[]): Located {
  const args = at(tree, ["resource_args"]);
  if (args?.kind !== "map") return tree;
  let result = tree;
  for (const [resource, { value }] of args.entries) {
    const builder = at(value, ["builder"]);
    if (builder === undefined) continue;
    const own = moved(builder, { name: ["cuda"], field: ["accelerator"] }, faults);
    result = unite(without(result, ["resource_args", resource, "builder"]), nest(own, ["builder", resource]), faults);
  }
  return result;
}

/** A map at `path`, made where there is none, so that its schema's defaults apply. */
export function ensureMap(tree: Located, path: readonly string[]): Located {
  return at(tree, path) === undefined
    ? unite(tree, nest(emptyMap(byDefault, path.reduce(pathOf, "")), path), [])
    : tree;
}
