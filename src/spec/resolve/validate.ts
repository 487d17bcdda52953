import type { z } from "zod";
import { otherNames } from "../launch-spec/normal-form.ts";
import { type Fault, faultAt } from "../reading/fault.ts";
import { issuesOf, phraseOf } from "../reading/issues.ts";
import { emptyMap, type Located, toJson } from "../reading/located.ts";
import { parse } from "../reading/parse.ts";
import type { Document } from "./resolution.ts";

/** A document's values; without a document, or when it is no mapping, none. */
export function treeOf(document: Document | undefined, what: string, faults: Fault[]): Located {
  if (document === undefined) return emptyMap({ kind: "named", name: "default" });
  const { tree, faults: found } = parse(document);
  faults.push(...found);
  if (tree.kind === "map") return tree;
  const given = tree.kind === "list" ? "a list" : JSON.stringify(tree.value).slice(0, 60);
  faults.push(faultAt({ origin: tree.origin, message: `${what} must be a mapping, not ${given}` }));
  return emptyMap(tree.origin);
}

/** What a schema makes of a tree; undefined, with faults, where it refuses it. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  tree: Located,
  faults: Fault[],
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(toJson(tree), { error: phraseOf, jitless: true });
  if (parsed.success) return parsed.data;
  faults.push(
    ...issuesOf(
      parsed.error.issues,
      tree,
      otherNames.flatMap(({ name }) => name.slice(0, 1)),
    ),
  );
  return undefined;
}

/** By file and place, so that a person goes through a file once; each said once, also where an alias repeats its value. */
export function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const files = [...new Set(faults.map(({ file }) => file))];
  const distinct = new Map(
    faults.map((fault) => [JSON.stringify([fault.file, fault.line, fault.column, fault.message]), fault]),
  );
  return [...distinct.values()].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
