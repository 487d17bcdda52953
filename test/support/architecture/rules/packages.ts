import ts from "typescript";
import { importsOf, show } from "../imports.ts";
import { placeOf, type Tree } from "../tree.ts";

/** Packages that some folders alone may import, by how their names begin. */
const reserved: readonly (readonly [packages: string, folders: readonly string[]])[] = [
  ["@actions/", ["action/"]],
  ["@octokit/", ["clients/github/", "github/"]],
  ["commander", ["cli/"]],
];

export function strayPackages(tree: Tree): readonly string[] {
  const strays = importsOf(tree).filter(({ file, target, isInside }) =>
    reserved.some(
      ([name, folders]) => !isInside && target.startsWith(name) && !folders.some((folder) => file.startsWith(folder)),
    ),
  );
  return strays.map(show);
}

/** The one file that makes requests: with its deadline, its retries, and without following redirects. */
const http = "core/http.ts";

/** The global `fetch(`, outside core/http.ts. A function of that name that a file makes or imports is another. */
export function straysToTheNetwork(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, file]) => {
    if (path === http || file.nodes.some(declaresFetch)) return [];
    return file.nodes.filter(isGlobalFetch).map((node) => `${placeOf(path, file, node)} calls fetch`);
  });
}

function isGlobalFetch(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return /^(globalThis|global)\.fetch$/.test(node.getText());
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "fetch";
}

function declaresFetch(node: ts.Node): boolean {
  const declares =
    ts.isFunctionDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isImportSpecifier(node);
  return declares && node.name !== undefined && ts.isIdentifier(node.name) && node.name.text === "fetch";
}
