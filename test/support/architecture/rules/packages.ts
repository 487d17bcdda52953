import ts from "typescript";
import { bare, declarationOf, fieldOf, isReference, nameOf } from "../bindings.ts";
import { importsOf, show } from "../imports.ts";
import { type Parsed, placeOf, type Tree } from "../tree.ts";

/** The one file that makes requests: with its deadline, its retries, and without following redirects. */
const http = "core/http.ts";
const clientsOfHttp = ["http", "https", "http2", "undici"].flatMap((name) => [name, `node:${name}`]);

/** Packages that some files and folders alone may import. A name that ends in a slash is of all below it. */
const reserved: readonly (readonly [name: string, places: readonly string[]])[] = [
  ["@actions/", ["action/"]],
  ["@octokit/", ["clients/github/", "github/"]],
  ["commander", ["cli/"]],
  ...clientsOfHttp.map((name) => [name, [http]] as const),
];

export function strayPackages(tree: Tree): readonly string[] {
  const strays = importsOf(tree).filter(({ file, target, isInside }) =>
    reserved.some(
      ([name, places]) => !isInside && isOf(target, name) && !places.some((place) => file.startsWith(place)),
    ),
  );
  return strays.map(show);
}

function isOf(target: string, name: string): boolean {
  return target === name || target.startsWith(name.endsWith("/") ? name : `${name}/`);
}

/** The global `fetch`, called or handed on, outside core/http.ts. What a file itself calls so is another, where that is bound. */
export function straysToTheNetwork(tree: Tree): readonly string[] {
  return [...tree].flatMap(([path, file]) =>
    path === http
      ? []
      : file.nodes.filter((node) => isGlobalFetch(file, node)).map((node) => `${placeOf(path, file, node)} has fetch`),
  );
}

function isGlobalFetch(file: Parsed, node: ts.Node): boolean {
  if (ts.isIdentifier(node)) {
    return node.text === "fetch" && isReference(node) && declarationOf(file, node) === undefined;
  }
  if (fieldOf(node) === "fetch" && ts.isExpression(node)) {
    return "expression" in node && isGlobalObject(file, node.expression as ts.Expression);
  }
  if (ts.isCallExpression(node)) {
    const [object, name] = node.arguments;
    return nameOf(name) === "fetch" && object !== undefined && isGlobalObject(file, object);
  }
  return ts.isBindingElement(node) && nameOf(node.propertyName ?? node.name) === "fetch" && isOfGlobal(file, node);
}

/** `const { fetch: send } = globalThis` */
function isOfGlobal(file: Parsed, { parent }: ts.BindingElement): boolean {
  const { initializer } = parent.parent;
  return initializer !== undefined && isGlobalObject(file, initializer);
}

const globals: readonly string[] = ["globalThis", "global", "self", "window"];

/** `globalThis`, or what is another name of it here. */
function isGlobalObject(file: Parsed, node: ts.Expression): boolean {
  const object = bare(node);
  if (!ts.isIdentifier(object)) return fieldOf(object) !== undefined && globals.includes(fieldOf(object) ?? "");
  const declaration = declarationOf(file, object);
  if (declaration === undefined) return globals.includes(object.text);
  if (!ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) return false;
  return isGlobalObject(file, declaration.initializer);
}
