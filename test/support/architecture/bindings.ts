import ts from "typescript";
import type { Parsed } from "./tree.ts";

/* What a name in a file stands for, as far as the file itself says so. */

/** A name's declaration: where it is bound, or imported. */
export type Declaration =
  | ts.VariableDeclaration
  | ts.ParameterDeclaration
  | ts.BindingElement
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.ImportSpecifier
  | ts.ImportClause
  | ts.NamespaceImport;

type Scopes = ReadonlyMap<ts.Node, ReadonlyMap<string, Declaration>>;
const known = new WeakMap<ts.SourceFile, Scopes>();

/** What binds this name where it is used; undefined for a global. */
export function declarationOf(file: Parsed, name: ts.Identifier): Declaration | undefined {
  const scopes = known.get(file.source) ?? scopesOf(file);
  known.set(file.source, scopes);
  for (let scope: ts.Node = name; ; scope = scope.parent) {
    const found = scopes.get(scope)?.get(name.text);
    if (found !== undefined) return found;
    if (ts.isSourceFile(scope)) return undefined;
  }
}

function scopesOf({ nodes }: Parsed): Scopes {
  const scopes = new Map<ts.Node, Map<string, Declaration>>();
  for (const node of nodes) {
    if (!isDeclaration(node) || node.name === undefined || !ts.isIdentifier(node.name)) continue;
    const scope = scopeOf(node);
    const names = scopes.get(scope) ?? new Map<string, Declaration>();
    scopes.set(scope, names.set(node.name.text, names.get(node.name.text) ?? node));
  }
  return scopes;
}

function isDeclaration(node: ts.Node): node is Declaration {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isImportSpecifier(node) ||
    ts.isImportClause(node) ||
    ts.isNamespaceImport(node)
  );
}

/** A parameter is its function's, everything else its block's. */
function scopeOf(declaration: Declaration): ts.Node {
  let scope: ts.Node = declaration.parent;
  while (!isScope(scope)) scope = scope.parent;
  return scope;
}

function isScope(node: ts.Node): boolean {
  return (
    ts.isSourceFile(node) ||
    ts.isFunctionLike(node) ||
    ts.isBlock(node) ||
    ts.isCaseBlock(node) ||
    ts.isForStatement(node) ||
    ts.isForOfStatement(node) ||
    ts.isForInStatement(node) ||
    ts.isCatchClause(node)
  );
}

/** A name that stands for a value: not what a property, a type or a declaration is called. `{ name }` is one. */
export function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if (ts.isExportSpecifier(parent)) return parent.parent.parent.moduleSpecifier === undefined;
  if (ts.isImportSpecifier(parent) || ts.isQualifiedName(parent) || ts.isTypeNode(parent)) return false;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  return !("name" in parent && parent.name === node);
}

/** The expression without what changes nothing of its value: brackets, `as`, `satisfies`, `!`, `await`. */
export function bare(node: ts.Expression): ts.Expression {
  const wraps =
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isAwaitExpression(node);
  return wraps ? bare(node.expression) : node;
}

const choices = [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.AmpersandAmpersandToken];

/** What an expression may come to: both ways of a condition, both sides of `??`, `||` and `&&`. */
export function waysOf(node: ts.Expression): readonly ts.Expression[] {
  const inner = bare(node);
  if (ts.isConditionalExpression(inner)) return [...waysOf(inner.whenTrue), ...waysOf(inner.whenFalse)];
  if (ts.isBinaryExpression(inner) && choices.includes(inner.operatorToken.kind)) {
    return [...waysOf(inner.left), ...waysOf(inner.right)];
  }
  return [inner];
}

/** `state` of `run.state`, `run?.["state"]`. */
export function fieldOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (!ts.isElementAccessExpression(node)) return undefined;
  return ts.isStringLiteralLike(node.argumentExpression) ? node.argumentExpression.text : undefined;
}

/** What a property is called: `state`, `"state"`, `["state"]`. */
export function nameOf(name: ts.Node | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (ts.isComputedPropertyName(name)) return nameOf(name.expression);
  return ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : undefined;
}
