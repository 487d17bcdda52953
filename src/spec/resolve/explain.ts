import { isJsonObject, type Json, toJson as plainJson } from "../../core/json.ts";
import { formatOrigin } from "../reading/fault.ts";
import { childOf, type Located, pathOf, toJson } from "../reading/located.ts";
import type { ExplainRow, Resolved } from "./resolution.ts";

/** Where each value of a resolved spec and config came from; the config's paths start with `launch-config`. */
export function explain({ origins }: Resolved): readonly ExplainRow[] {
  return [...origins.spec, ...origins.config.map((row) => ({ ...row, path: `launch-config.${row.path}` }))];
}

/**
 * One row for each value: what was written where something was, else the default. `value` is the validated form, whose
 * key order the rows have; `tree` the merged one, which knows the origins.
 */
export function rowsOf(value: object, tree: Located): readonly ExplainRow[] {
  return rows(plainJson(value), tree, "");
}

/** The same of a spec. */
export function specRowsOf(value: object, tree: Located): readonly ExplainRow[] {
  return rowsOf(value, tree).map((row) => ({ ...row, path: row.path.replace(apart, "resource_args.$1.builder.") }));
}

/** Validation keeps a resource's `builder` apart from its arguments; people know it among them. */
const apart = /^builder\.([\w-]+)\./;

function rows(value: Json | undefined, tree: Located | undefined, path: string): readonly ExplainRow[] {
  const keys = isJsonObject(value) ? Object.keys(value) : [];
  if (tree?.kind === "map") {
    const all = new Set([...keys, ...tree.entries.keys()]);
    return [...all].flatMap((key) =>
      rows(isJsonObject(value) ? value[key] : undefined, childOf(tree, key), pathOf(path, key)),
    );
  }
  if (tree !== undefined) return [{ path, value: toJson(tree), origin: originsOf(tree).join(", ") }];
  if (isJsonObject(value)) return keys.flatMap((key) => rows(value[key], undefined, pathOf(path, key)));
  const absent = value === undefined || (Array.isArray(value) && value.length === 0);
  return absent ? [] : [{ path, value, origin: "default" }];
}

/** A list that was added to (`-a`) has more origins than its own. */
function originsOf(tree: Located): readonly string[] {
  const origins = [formatOrigin(tree.origin)];
  if (tree.kind === "list")
    origins.push(...tree.items.flatMap(({ origin }) => (origin.kind === "named" ? [origin.name] : [])));
  return [...new Set(origins)];
}
