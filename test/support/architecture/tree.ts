import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** A parsed file, and what stands in it: each part before what it is made of. */
export type Parsed = { readonly source: ts.SourceFile; readonly nodes: readonly ts.Node[] };

/** The source files below a folder, by their path in it. */
export type Tree = ReadonlyMap<string, Parsed>;

/** A tree of these texts, by their paths: a real one's, or one made up. */
export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  return new Map(Object.entries(texts).map(([path, text]) => [path, parse(path, text)]));
}

function parse(path: string, text: string): Parsed {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true);
  const nodes: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    nodes.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { source, nodes };
}

export function readTree(folder: string): Tree {
  const paths = globSync("**/*.ts", { cwd: folder }).sort();
  return treeOf(Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")])));
}

/** The folder of a file, and each folder above it: `a/b/c.ts` lies in `a`, `a/b`. */
export function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Each folder that has files of its own. */
export function foldersOf(tree: Tree): readonly string[] {
  return [...new Set([...tree.keys()].map((path) => dirname(path)))].sort();
}

/** Where a node stands, as an editor opens it. */
export function placeOf(path: string, { source }: Parsed, node: ts.Node): string {
  return `${path}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}
