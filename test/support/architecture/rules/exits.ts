import ts from "typescript";
import { declarationOf, fieldOf, nameOf } from "../bindings.ts";
import { type Import, importsOf } from "../imports.ts";
import { type Parsed, placeOf, type Tree } from "../tree.ts";

/**
 * Why what a file lets out of this machine has no secret:
 *   a path    the file that takes them out before, or does so itself: it calls a gate, and one of both imports the other
 *   stored    it comes from the store, or from a record that was written without secrets, and what is added are words of ours
 *   own       nothing of a run, of a spec or of a tool is in it
 */
export type Reason = "stored" | "own" | `${string}.ts`;

/** Each way out of the machine, and the files that may take it. */
export type Exits = Readonly<Record<"store" | "github" | "request" | "resource", Readonly<Record<string, Reason>>>>;

/** What takes secrets out of words, and what refuses them. */
const gate =
  /^(?:redactedRecord|redactFields|redactedMessage|redactedSaid|redactedLog|redactedBefore|redactionOf(?:Secrets|Place|Known)?)$/;

/** Of a store: what a document, or a beat, goes out with. */
const ofStore = /^(?:create|update|enqueue|progress|finish|finishAndClaimNext|release|cancel|cancelWaiting|move|beat)$/;
/** These mean a store whatever it is called. */
const ofNothingElse = /^(?:enqueue|finishAndClaimNext|cancelWaiting)$/;
const stores = /^store$|Store$/;
/** Of @actions/core: what a job's page shows, and what other steps get. */
const ofGitHub = /^(?:info|notice|warning|error|debug|setFailed|setOutput|exportVariable|startGroup|summary)$/;
const written = /^(?:POST|PUT|PATCH) \//;

type Exit = { readonly way: keyof Exits; readonly what: string };

/** Ways out of the machine that are taken by a file which the table doesn't name. Stores and clients are the ways themselves. */
export function unnamedExits(tree: Tree, exits: Exits): readonly string[] {
  return exitsOf(tree).flatMap(({ path, file, node, exit }) =>
    path in exits[exit.way] ? [] : [`${placeOf(path, file, node)} lets out by ${exit.what}, and goes through no gate`],
  );
}

/** Lines of the table that nobody needs, and gates that let everything pass. */
export function openGates(tree: Tree, exits: Exits): readonly string[] {
  const taken = exitsOf(tree);
  return Object.entries(exits).flatMap(([way, files]) =>
    Object.entries(files).flatMap(([path, reason]) => {
      if (!taken.some((one) => one.exit.way === way && one.path === path)) return [`${path} is no way to a ${way}`];
      if (reason === "stored" || reason === "own") return [];
      if (!callsGate(tree, reason)) return [`${reason} takes no secret out of what ${path} lets out`];
      return path === reason || leadsTo(tree, path, reason) || leadsTo(tree, reason, path)
        ? []
        : [`${path} and ${reason} know nothing of each other`];
    }),
  );
}

function exitsOf(tree: Tree) {
  return [...tree]
    .filter(([path]) => !/^(?:stores|clients)\//.test(path))
    .flatMap(([path, file]) =>
      file.nodes.flatMap((node) => {
        const exit = exitAt(file, node);
        return exit === undefined ? [] : [{ path, file, node, exit }];
      }),
    );
}

function exitAt(file: Parsed, node: ts.Node): Exit | undefined {
  if (ts.isStringLiteralLike(node) && written.test(node.text)) return { way: "request", what: node.text };
  if (ts.isCallExpression(node) && nameOf(node.expression) === "addSummary") {
    return { way: "github", what: "addSummary" };
  }
  if (ts.isImportSpecifier(node) && isOfActions(node)) return { way: "github", what: node.name.text };
  const taken = ts.isBindingElement(node) ? takenApart(node) : memberOf(node);
  if (taken === undefined) return undefined;
  const { of, name } = taken;
  const called = nameOf(of) ?? fieldOf(of) ?? "";
  if (ofNothingElse.test(name) || (ofStore.test(name) && isStore(file, of, called))) {
    return { way: "store", what: `${called}.${name}` };
  }
  if (called === "core" && ofGitHub.test(name)) return { way: "github", what: `core.${name}` };
  return called === "resource" && name === "submit" ? { way: "resource", what: "resource.submit" } : undefined;
}

type Member = { readonly of: ts.Expression; readonly name: string };

function memberOf(node: ts.Node): Member | undefined {
  const name = fieldOf(node);
  const isMember = ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
  return isMember && name !== undefined ? { of: node.expression, name } : undefined;
}

/** `const { enqueue: put } = store`; what is taken out of a module is looked at in the module. */
function takenApart({ name, propertyName, parent }: ts.BindingElement): Member | undefined {
  const taken = nameOf(propertyName ?? name);
  const from = ts.isVariableDeclaration(parent.parent) ? parent.parent.initializer : undefined;
  const isModule = from !== undefined && ts.isAwaitExpression(from);
  return taken === undefined || from === undefined || isModule ? undefined : { of: from, name: taken };
}

/** By its name, or by the type that it is declared with. */
function isStore(file: Parsed, of: ts.Expression, called: string): boolean {
  if (stores.test(called)) return true;
  const declaration = ts.isIdentifier(of) ? declarationOf(file, of) : undefined;
  if (declaration === undefined || ts.isBindingElement(declaration)) return false;
  return "type" in declaration && /^(?:Queue|Picking|Whole|Own)?Store\b/.test(declaration.type?.getText() ?? "");
}

function isOfActions({ parent }: ts.ImportSpecifier): boolean {
  const { moduleSpecifier } = parent.parent.parent;
  return ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text === "@actions/core";
}

function callsGate(tree: Tree, path: string): boolean {
  const { nodes = [] } = tree.get(path) ?? {};
  return nodes.some((node) => ts.isCallExpression(node) && gate.test(nameOf(node.expression) ?? ""));
}

/** Whether one file imports another, over others or by itself. */
function leadsTo(tree: Tree, from: string, to: string): boolean {
  const next = Map.groupBy(importsOf(tree), ({ file }: Import) => file);
  const seen = new Set([from]);
  for (const file of seen) for (const { target } of next.get(file) ?? []) seen.add(target);
  return seen.has(to);
}
