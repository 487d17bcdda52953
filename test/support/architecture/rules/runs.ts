import ts from "typescript";
import { bare, type Declaration, declarationOf, fieldOf, nameOf, waysOf } from "../bindings.ts";
import type { Parsed } from "../tree.ts";

/* Which expressions are a run's documents, as far as a file says so: by what they are called, by their types, and by what they are made of. */

const names = /^(?:run|head|record|document|entry|asked)$|(?:Run|Head|Record|Document|Entry)$/;
const lists = /(?:^|[a-z])(?:runs|heads|records|documents|entries)$/i;
const types = /\b(?:RunHead|RunRecord|AskedRecord|RunDocument|StoredRun)\b/;
/** What gives back what it is given, or most of it. */
const copies =
  /^(?:without|structuredClone|toJson|freeze|seal|assign|fromEntries|entries|parse|stringify|redactFields)$/;
/** `runs.map((run) => …)` */
const walks = /^(?:map|flatMap|filter|forEach|find|findLast|some|every|reduce|toSorted)$/;

export function isRun(file: Parsed, node: ts.Expression): boolean {
  return waysOf(node).some((way) => isOne(file, way));
}

function isOne(file: Parsed, node: ts.Expression): boolean {
  const name = ts.isIdentifier(node) ? node.text : fieldOf(node);
  if (name !== undefined && names.test(name)) return true;
  if (ts.isIdentifier(node)) {
    const declaration = declarationOf(file, node);
    return declaration !== undefined && isDeclaredRun(file, declaration);
  }
  if (ts.isElementAccessExpression(node)) return lists.test(lastNameOf(node.expression));
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.some((part) => ts.isSpreadAssignment(part) && isRun(file, part.expression));
  }
  if (!ts.isCallExpression(node)) return false;
  const callee = lastNameOf(node.expression);
  if (names.test(callee) || /^headOf$/.test(callee)) return true;
  return copies.test(callee) && node.arguments.some((argument) => isRun(file, argument));
}

function lastNameOf(node: ts.Expression): string {
  const inner = bare(node);
  return nameOf(inner) ?? fieldOf(inner) ?? "";
}

function isDeclaredRun(file: Parsed, declaration: Declaration): boolean {
  if (ts.isBindingElement(declaration)) return isTakenRun(file, declaration);
  if (!ts.isVariableDeclaration(declaration) && !ts.isParameter(declaration)) return false;
  if (declaration.type !== undefined) return types.test(declaration.type.getText());
  if (declaration.initializer !== undefined && isRun(file, declaration.initializer)) return true;
  if (ts.isParameter(declaration)) return isWalked(declaration);
  const loop = declaration.parent.parent;
  return ts.isForOfStatement(loop) && lists.test(lastNameOf(loop.expression));
}

/** `const { run: before } = document`; of `const { state, ...rest } = run` the rest. */
function isTakenRun(file: Parsed, element: ts.BindingElement): boolean {
  if (element.dotDotDotToken === undefined) return names.test(nameOf(element.propertyName) ?? "");
  const from = element.parent.parent;
  if (ts.isBindingElement(from)) return names.test(nameOf(from.propertyName) ?? "");
  if (from.type !== undefined) return types.test(from.type.getText());
  return from.initializer !== undefined && isRun(file, from.initializer);
}

/** `runs.map((one) => …)` */
function isWalked({ parent: made }: ts.ParameterDeclaration): boolean {
  const call = made.parent;
  if (!ts.isCallExpression(call) || !ts.isPropertyAccessExpression(call.expression)) return false;
  return walks.test(call.expression.name.text) && lists.test(lastNameOf(call.expression.expression));
}

/** The written type of what a name stands for; of what is taken apart, the type of the whole. */
export function typeOf(file: Parsed, name: ts.Identifier): string | undefined {
  let declaration = declarationOf(file, name);
  while (declaration !== undefined && ts.isBindingElement(declaration)) declaration = declaration.parent.parent;
  if (declaration === undefined) return undefined;
  const typed = ts.isVariableDeclaration(declaration) || ts.isParameter(declaration) ? declaration : undefined;
  return typed?.type?.getText();
}

/** `const run: RunHead = { … }`, `{ … } satisfies RunRecord`, and what a function gives back that says it gives one. */
export function isTypedAsRun(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) return isRunsType(parent.type);
  if (ts.isAsExpression(parent) || ts.isSatisfiesExpression(parent)) {
    return isRunsType(parent.type) || isTypedAsRun(parent);
  }
  if (ts.isParenthesizedExpression(parent) || ts.isConditionalExpression(parent)) return isTypedAsRun(parent);
  if (ts.isArrowFunction(parent)) return parent.body === node && isRunsType(parent.type);
  if (!ts.isReturnStatement(parent)) return false;
  const made = ts.findAncestor(parent, ts.isFunctionLike);
  return made !== undefined && isRunsType(made.type);
}

/** A head or a record itself: the fields of a document are these. */
function isRunsType(type: ts.TypeNode | undefined): boolean {
  return (
    type !== undefined &&
    /^(?:(?:Partial|Readonly|Promise)<)*(?:RunHead|RunRecord|AskedRecord)\b(?!\[)/.test(type.getText())
  );
}
