import { type Alias, isAlias, isMap, isNode, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { type Fault, faultAt, formatOrigin, type Origin } from "./fault.ts";
import { emptyMap, type Entry, type Located, lostKey, pathOf } from "./located.ts";

const maxDepth = 64;
/** References to anchors, and values that they stand for: more than a person writes by hand, far less than an alias bomb needs. */
const maxAliases = 100;
const maxAliasedValues = 10_000;

export type PlaceOf = (start: number, end: number) => Origin;

type Walk = {
  readonly placeOf: PlaceOf;
  readonly faults: Fault[];
  readonly anchors: Map<string, Node>;
  /** Nodes that the walk is inside of: a reference to one of them has no end. */
  readonly open: Set<Node>;
  aliases: number;
  aliasedValues: number;
};

/** Where in the walk a node is. `aliased`: it is read again, for an alias. */
type Position = { readonly path: string; readonly depth: number; readonly aliased: boolean };

/** A YAML node tree as located values. What can't be kept as JSON is a fault, and left out. */
export function treeOf(contents: Node, placeOf: PlaceOf): { tree: Located; faults: readonly Fault[] } {
  const walk: Walk = { placeOf, faults: [], anchors: new Map(), open: new Set(), aliases: 0, aliasedValues: 0 };
  const tree = treeAt(walk, contents, { path: "", depth: 0, aliased: false });
  return { tree: tree ?? emptyMap(placeOfNode(walk, contents)), faults: walk.faults };
}

function placeOfNode(walk: Walk, node: Node): Origin {
  const [start, end] = node.range ?? [0, 0];
  return walk.placeOf(start, end);
}

type Written = { readonly node: Node; readonly path: string };

function refuse(walk: Walk, { node, path }: Written, message: string): Located | undefined {
  walk.faults.push(faultAt({ origin: placeOfNode(walk, node), path, message }));
  return undefined;
}

function treeAt(walk: Walk, node: Node, position: Position): Located | undefined {
  const no = (message: string) => refuse(walk, { node, path: position.path }, message);
  if (position.depth > maxDepth) return no(`nested deeper than ${maxDepth} levels`);
  if (position.aliased && ++walk.aliasedValues > maxAliasedValues) {
    return walk.aliasedValues === maxAliasedValues + 1 ? no("aliases stand for too many values") : undefined;
  }
  if (isAlias(node)) return aliased(walk, node, position);
  if (node.anchor !== undefined) walk.anchors.set(node.anchor, node);
  if (node.tag !== undefined && !plainTags.has(node.tag)) {
    return no(`the YAML tag ${node.tag} is not known here; write the value without it`);
  }
  if (isScalar(node)) return scalarAt(walk, node, position);
  walk.open.add(node);
  const tree = isMap(node) ? mapAt(walk, node, position) : isSeq(node) ? listAt(walk, node, position) : undefined;
  walk.open.delete(node);
  return tree;
}

function aliased(walk: Walk, alias: Alias, position: Position): Located | undefined {
  const no = (message: string) => refuse(walk, { node: alias, path: position.path }, message);
  const target = walk.anchors.get(alias.source);
  if (target === undefined) return no(`no anchor &${alias.source} comes before this alias`);
  if (walk.open.has(target)) return no(`the alias *${alias.source} refers to itself`);
  walk.aliases += 1;
  if (walk.aliases > maxAliases)
    return walk.aliases === maxAliases + 1 ? no(`more than ${maxAliases} aliases`) : undefined;
  return treeAt(walk, target, { ...position, depth: position.depth + 1, aliased: true });
}

function scalarAt(walk: Walk, node: Scalar, { path }: Position): Located | undefined {
  const { value } = node;
  const text = node.source ?? "";
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return refuse(walk, { node, path }, `${text} is not a finite number`);
    if (/^[-+]?\d+$/.test(text) && !Number.isSafeInteger(value)) {
      return refuse(walk, { node, path }, `${text} is too large to be kept as a number; put it in quotes`);
    }
  }
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return { kind: "scalar", origin: placeOfNode(walk, node), path, value, text };
  }
  return refuse(walk, { node, path }, "this is no value that JSON has");
}

function listAt(walk: Walk, list: { readonly items: readonly unknown[] } & Node, position: Position): Located {
  const items: Located[] = [];
  for (const [i, item] of list.items.entries()) {
    const tree = isNode(item) ? treeAt(walk, item, inside(position, i)) : undefined;
    if (tree !== undefined) items.push(tree);
  }
  return { kind: "list", origin: placeOfNode(walk, list), path: position.path, items };
}

function mapAt(walk: Walk, map: YAMLMap, position: Position): Located {
  const entries = new Map<string, Entry>();
  for (const pair of map.items) {
    const key = keyOf(pair.key);
    if (key === undefined || !isNode(pair.key)) {
      refuse(walk, { node: isNode(pair.key) ? pair.key : map, path: position.path }, "a key must be text");
      continue;
    }
    const within = inside(position, key);
    const first = entries.get(key);
    const problem =
      first === undefined
        ? refusedKeys.get(key)
        : `${within.path} is there twice; the first is at ${formatOrigin(first.key)}`;
    if (problem !== undefined) {
      refuse(walk, { node: pair.key, path: within.path }, problem);
      continue;
    }
    const origin = placeOfNode(walk, pair.key);
    const empty: Located = { kind: "scalar", origin, path: within.path, value: null, text: "" };
    const value = isNode(pair.value) && !isEmpty(pair.value) ? treeAt(walk, pair.value, within) : empty;
    if (value !== undefined) entries.set(key, { key: origin, value });
  }
  return { ...emptyMap(placeOfNode(walk, map), position.path), entries };
}

/** Nothing after a key's colon: the key is then the place to show. */
function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null && node.source === "" && node.anchor === undefined;
}

function inside(position: Position, key: string | number): Position {
  return { ...position, path: pathOf(position.path, key), depth: position.depth + 1 };
}

const plainTags = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

const refusedKeys = new Map([
  [lostKey, "a key can't have this name"],
  ["<<", 'merge keys ("<<") are not read; an alias for a whole value is'],
]);

/** A key as it was written: `1.10` stays that. */
function keyOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  return typeof key.value === "number" || typeof key.value === "boolean" ? key.source : undefined;
}
