import { Document, isMap, parseDocument } from "yaml";
import type { Json } from "../core/json.ts";

/** One value of a definition; undefined takes it away. */
export type DefinitionEdit = { readonly path: readonly string[]; readonly value: Json | undefined };

/** The text with other values; comments and the order of what is not changed stay. What is no YAML stays as it is: reading it says so. */
export function editDefinition(text: string, edits: readonly DefinitionEdit[]): string {
  if (edits.length === 0) return text;
  const written = parseDocument(text);
  if (written.errors.length > 0) return text;
  const document = isMap(written.contents) ? written : new Document({});
  for (const { path, value } of edits) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return document.toString({ lineWidth: 0 });
}
