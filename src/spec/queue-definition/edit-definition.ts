import { Document, isAlias, isMap, isScalar, parseDocument } from "yaml";
import { LaunchError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";

/** One value of a definition; undefined takes it away. */
export type DefinitionEdit = { readonly path: readonly string[]; readonly value: Json | undefined };

/**
 * The text with other values; comments and the order of what is not changed stay. What is no YAML, or no mapping, stays as it is: reading
 * it says so. Throws `bad-usage` for a value that has no place in what is there.
 */
export function editDefinition(text: string, edits: readonly DefinitionEdit[]): string {
  if (edits.length === 0) return text;
  const written = parseDocument(text);
  if (written.errors.length > 0 || !(isMap(written.contents) || isNothing(written.contents))) return text;
  const document = isMap(written.contents) ? written : new Document({});
  for (const edit of edits) apply(document, edit);
  return document.toString({ lineWidth: 0 });
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function apply(document: Document, { path, value }: DefinitionEdit): void {
  for (let length = 1; length < path.length; length++) {
    const above = path.slice(0, length);
    let node = document.getIn(above, true);
    if (isAlias(node)) {
      // The other places that it stands for are not meant.
      node = document.createNode(node.resolve(document)?.toJS(document));
      document.setIn(above, node);
    }
    if (isMap(node)) continue;
    if (value === undefined) return;
    if (isNothing(node)) document.setIn(above, document.createNode({}));
    else {
      const words = `${path.join(".")}: there is no place for it, as ${above.join(".")} is no mapping`;
      throw new LaunchError("bad-usage", `${words}; take that away first: --unset ${above.join(".")}`);
    }
  }
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, typeof value === "object" ? document.createNode(value) : value);
}
