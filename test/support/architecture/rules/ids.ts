import ts from "typescript";
import { pluginOf } from "../rooms.ts";
import { placeOf, type Tree } from "../tree.ts";

/** Ids that are words of everyday too (a tool's, a phase's, a file's): one of them counts only where it says which plug-in is meant. */
const everyday: readonly string[] = ["docker", "generic", "git", "image", "noop", "postgres", "vertex"];
/** What such a value is called, where it says which plug-in is meant. A `kind` doesn't: what a source is (`git`, `directory`, `image`) is a word of the record. */
const choosers = /^(?:type|resource|builder|registry|environment|source|store)$/;

/** A plug-in's id as a value (compared, chosen, defaulted), in a type or as a key, outside its folder and its catalog. Prose may name it. */
export function idsOutsideTheirFolders(tree: Tree): readonly string[] {
  const ids = idsOf(tree);
  return [...tree].flatMap(([path, file]) =>
    file.nodes.flatMap((node) => {
      const id = idIn(node, ids);
      if (id === undefined || ids.get(id)?.some((home) => isAtHome(path, home)) === true) return [];
      return [`${placeOf(path, file, node)} knows "${id}"`];
    }),
  );
}

/** The folders of each id, as `builders/docker` of `docker`: two kinds may have one id. */
function idsOf(tree: Tree): ReadonlyMap<string, readonly string[]> {
  const plugins = new Set([...tree.keys()].flatMap((path) => pluginOf(path) ?? []));
  return Map.groupBy(plugins, (plugin) => plugin.split("/")[1] ?? "");
}

function isAtHome(path: string, plugin: string): boolean {
  const [kind = ""] = plugin.split("/");
  return path.startsWith(`${plugin}/`) || path === `${kind}/index.ts`;
}

function idIn(node: ts.Node, ids: ReadonlyMap<string, unknown>): string | undefined {
  const text = textOf(node);
  if (text === undefined || !ids.has(text) || isModuleName(node)) return undefined;
  return !everyday.includes(text) || choosesPlugin(node) ? text : undefined;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  const isKey = ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node;
  return isKey ? node.text : undefined;
}

function isModuleName({ parent }: ts.Node): boolean {
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
}

const equalities = [ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken];

/** `builder.type === "docker"`, `case "docker"` of a switch over it, `{ type: "docker" }`. */
function choosesPlugin(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBinaryExpression(parent) && equalities.includes(parent.operatorToken.kind)) {
    return saysWhich(parent.left === node ? parent.right : parent.left);
  }
  if (ts.isCaseClause(parent)) return saysWhich(parent.parent.parent.expression);
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node && saysWhich(parent.name);
  return (ts.isAsExpression(parent) || ts.isConditionalExpression(parent)) && choosesPlugin(parent);
}

/** `kind`, `source.kind`, `source?.["kind"]`. */
function saysWhich(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return choosers.test(node.name.text);
  if (ts.isElementAccessExpression(node)) return saysWhich(node.argumentExpression);
  return (ts.isIdentifier(node) || ts.isStringLiteral(node)) && choosers.test(node.text);
}
