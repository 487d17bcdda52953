import { dirname, normalize } from "node:path";
import ts from "typescript";
import type { Tree } from "./tree.ts";

/** `target` is a path in the tree, or a package's name. A type that is imported counts too: who reads the file must know both. */
export type Import = {
  readonly file: string;
  readonly target: string;
  readonly kind: "static" | "type" | "dynamic";
  readonly isInside: boolean;
};

/** Each rule asks for them, and a real tree is large. */
const known = new WeakMap<Tree, readonly Import[]>();

export function importsOf(tree: Tree): readonly Import[] {
  const found = known.get(tree) ?? readImports(tree);
  known.set(tree, found);
  return found;
}

function readImports(tree: Tree): readonly Import[] {
  return [...tree].flatMap(([file, { nodes }]) =>
    nodes.flatMap((node) => {
      const found = importIn(node);
      if (found === undefined) return [];
      const isInside = found.name.startsWith(".");
      const target = isInside ? normalize(`${dirname(file)}/${found.name}`) : found.name;
      return [{ file, target, kind: found.kind, isInside: isInside && !target.startsWith("..") }];
    }),
  );
}

function importIn(node: ts.Node): { readonly name: string; readonly kind: Import["kind"] } | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const { moduleSpecifier: name } = node;
    if (name === undefined || !ts.isStringLiteral(name)) return undefined;
    return { name: name.text, kind: isTypeOnly(node) ? "type" : "static" };
  }
  if (ts.isCallExpression(node) && loads(node.expression)) {
    const [name] = node.arguments;
    return name !== undefined && ts.isStringLiteralLike(name) ? { name: name.text, kind: "dynamic" } : undefined;
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { name: node.argument.literal.text, kind: "type" };
  }
  return undefined;
}

/** `import(…)`, `require(…)`, `process.getBuiltinModule(…)`. */
function loads(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text === "getBuiltinModule";
  return ts.isIdentifier(callee) && callee.text === "require";
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  return ts.isImportDeclaration(node)
    ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    : node.isTypeOnly;
}

export function show({ file, target }: Import): string {
  return `${file} imports ${target}`;
}
