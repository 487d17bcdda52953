import ts from "typescript";
import { bare, declarationOf, fieldOf, nameOf, waysOf } from "../bindings.ts";
import { type Parsed, placeOf, type Tree } from "../tree.ts";
import { isRun, isTypedAsRun, typeOf } from "./runs.ts";

const ends: readonly string[] = ["succeeded", "failed", "cancelled"];
const states: readonly string[] = ["queued", "leased", "building", "starting", "running", ...ends];
/** Fields that a run's documents have and no outcome has. */
const times: readonly string[] = ["started_at", "finished_at", "updated_at"];
/** What else says of a run how it stands and how it ended; `message` says it of many things. */
const fields: readonly string[] = ["state", "reason", "exit_code", ...times];

/**
 * State, reason and end of a run are written in run/transitions.ts and the folder beside it alone. Elsewhere, this is such a writing:
 *   - the time of a start, an end or a change, in whatever is made;
 *   - a state on the way (`queued` … `running`), which no outcome has;
 *   - any of the fields, `message` among them, put over a run, a head or a record (see runs.ts), or over what may be one, by a literal that
 *     spreads it or by Object.assign; an end put over one whole (`{ ...run, ...outcome }`);
 *   - any of them in a literal that is typed as one;
 *   - an assignment to one of them, and its removal.
 * An outcome (`{ state: "failed", reason, message }`) is told to transitions, and is none. Nor is what a report, of which nobody would think
 * that it is a run, says of one by its own fields: `{ ...row, state: run.state }`.
 */
export function statesWrittenElsewhere(tree: Tree): readonly string[] {
  return (
    [...tree]
      // Whose words each field has is no run.
      .filter(([path]) => path !== "run/transitions.ts" && path !== "run/redaction/record-words.ts")
      .filter(([path]) => !path.startsWith("run/transitions/"))
      .flatMap(([path, file]) =>
        file.nodes.flatMap((node) => {
          const written = new Set(writtenBy(file, node));
          return [...written].map((field) => `${placeOf(path, file, node)} writes a run's ${field}`);
        }),
      )
  );
}

function writtenBy(file: Parsed, node: ts.Node): readonly string[] {
  if (ts.isObjectLiteralExpression(node)) return isShape(node) ? [] : writtenIn(file, partsOf(file, node), node);
  if (ts.isCallExpression(node)) return writtenByCall(file, node);
  if (ts.isDeleteExpression(node)) return isChanged(file, node.expression, undefined);
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return [];
  const given = assignedTo(node);
  return given === "nothing" ? [] : isChanged(file, node, given);
}

/** What a literal is made of: its own fields, those of literals that it spreads, and what else it spreads. */
type Parts = { readonly given: readonly Given[]; readonly spread: readonly ts.Expression[] };
type Given = { readonly field: string; readonly value: ts.Expression | undefined };

function partsOf(file: Parsed, literal: ts.ObjectLiteralExpression): Parts {
  const parts = literal.properties.map((property): Parts => {
    if (ts.isSpreadAssignment(property)) return spreadOf(file, property.expression);
    const field = nameOf(property.name) ?? "";
    const value = ts.isPropertyAssignment(property) ? property.initializer : undefined;
    return {
      given: [{ field, value: ts.isShorthandPropertyAssignment(property) ? property.name : value }],
      spread: [],
    };
  });
  return together(parts);
}

function spreadOf(file: Parsed, expression: ts.Expression): Parts {
  return together(
    waysOf(expression).map((way): Parts => {
      const value = ts.isIdentifier(way) ? (literalOf(file, way) ?? way) : way;
      if (ts.isObjectLiteralExpression(value)) return partsOf(file, value);
      return { given: [], spread: isCondition(value) ? [] : [value] };
    }),
  );
}

/** `...(code !== undefined && { code })` */
function isCondition(node: ts.Expression): boolean {
  return ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node) || node.kind === ts.SyntaxKind.FalseKeyword;
}

/** What a constant of this file was made as: `const end = { state: "failed" }`. Both ways of a condition, as one that has all of it. */
function literalOf(file: Parsed, name: ts.Identifier): ts.Expression | undefined {
  const declaration = declarationOf(file, name);
  if (declaration === undefined || !ts.isVariableDeclaration(declaration) || declaration.initializer === undefined) {
    return undefined;
  }
  const ways = waysOf(declaration.initializer).filter(ts.isObjectLiteralExpression);
  return ways.find(({ properties }) => properties.length > 0) ?? ways[0];
}

function together(parts: readonly Parts[]): Parts {
  return { given: parts.flatMap(({ given }) => given), spread: parts.flatMap(({ spread }) => spread) };
}

function writtenIn(file: Parsed, { given, spread }: Parts, literal?: ts.ObjectLiteralExpression): readonly string[] {
  const isOver = spread.some((part) => isRun(file, part));
  const isWhole = literal !== undefined && isTypedAsRun(literal);
  const whole = isOver && spread.some((part) => isEnd(file, part) && !isRun(file, part)) ? ["end"] : [];
  const own = given.filter(({ field, value }) => {
    if (isOver || isWhole) return fields.includes(field) || field === "message";
    if (times.includes(field)) return true;
    if (field === "state" && isOnTheWay(value)) return true;
    return spread.length > 0 && fields.includes(field) && !isToldOf(file, { field, value });
  });
  return [...own.map(({ field }) => field), ...whole];
}

/** But not what is told of a run with what is said where none is known: `run?.state ?? "queued"`. */
function isOnTheWay(value: ts.Expression | undefined): boolean {
  const isTold = value !== undefined && waysOf(value).some((way) => fieldOf(way) === "state");
  return !isTold && valuesOf(value).some((said) => states.includes(said) && !ends.includes(said));
}

/** `outcome`, `endOf(outcome)`: what is spread so over a run changes its end. */
function isEnd(file: Parsed, part: ts.Expression): boolean {
  const value = bare(part);
  const name = ts.isIdentifier(value) ? value.text : (fieldOf(value) ?? "");
  if (/^(?:outcome|end|ended|ending|result)$|(?:Outcome|End)$/.test(name)) return true;
  if (ts.isCallExpression(value)) return /^end|outcome/i.test(nameOf(value.expression) ?? "");
  return ts.isIdentifier(value) && /\b(?:RunOutcome|End)\b/.test(typeOf(file, value) ?? "");
}

/** `{ ...row, state: run?.state ?? "queued" }` of a report; and the state that is a directory: `{ ...job, state: stateDirectoryFor(job) }`. */
function isToldOf(file: Parsed, { field, value }: Given): boolean {
  if (value === undefined) return false;
  const ways = waysOf(value).filter((way) => !isUndefined(way));
  if (field === "state" && ways.every((way) => isStateDirectory(file, way))) return true;
  return ways.some((way) => fieldOf(way) === field) && ways.every((way) => fieldOf(way) === field || isWord(way));
}

function isWord(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isNumericLiteral(node);
}

function isUndefined(node: ts.Expression): boolean {
  return ts.isIdentifier(node) && node.text === "undefined";
}

/** By what makes it, by its type, or by what it is taken from: `const { state } = services`. */
function isStateDirectory(file: Parsed, node: ts.Expression): boolean {
  if (ts.isCallExpression(node)) return /stateDirectory/i.test(nameOf(node.expression) ?? "");
  if (ts.isPropertyAccessExpression(node)) return node.name.text === "path" && isStateDirectory(file, node.expression);
  if (!ts.isIdentifier(node)) return false;
  if (/(?:StateDirectory|Services|Place|Context)\b/.test(typeOf(file, node) ?? "")) return true;
  const declaration = declarationOf(file, node);
  if (declaration === undefined) return false;
  if (ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined) {
    return isStateDirectory(file, bare(declaration.initializer));
  }
  const from = ts.isBindingElement(declaration) ? declaration.parent.parent : undefined;
  const source = from?.initializer === undefined ? undefined : bare(from.initializer);
  if (source === undefined) return false;
  return /(?:services|place|context)$/i.test(nameOf(source) ?? fieldOf(source) ?? "");
}

/** The shape of a document, which is none: `z.object({ started_at: timeField })`. */
function isShape({ parent }: ts.ObjectLiteralExpression): boolean {
  return (
    ts.isCallExpression(parent) && /^(?:object|strictObject|looseObject|extend)$/.test(fieldOf(parent.expression) ?? "")
  );
}

/** `Object.assign(run, { state })`, `Reflect.set(run, "state", …)`, `Object.defineProperty(run, "state", …)`. */
function writtenByCall(file: Parsed, call: ts.CallExpression): readonly string[] {
  const callee = bare(call.expression);
  if (!ts.isPropertyAccessExpression(callee) || !/^(?:Object|Reflect)$/.test(callee.expression.getText())) return [];
  if (callee.name.text === "assign") {
    const parts = call.arguments.map((argument) =>
      ts.isSpreadElement(argument) ? { given: [], spread: [argument.expression] } : spreadOf(file, argument),
    );
    return writtenIn(file, together(parts));
  }
  const [target, name] = call.arguments;
  if (!/^(?:set|defineProperty|deleteProperty)$/.test(callee.name.text) || target === undefined) return [];
  const field = nameOf(name) ?? "";
  const isOne = fields.includes(field) || (field === "message" && isRun(file, target));
  return isOne ? [field] : [];
}

/** What is assigned to it; "nothing" where it is only read. By taking apart it is known to be something. */
function assignedTo(node: ts.Expression): ts.Expression | "nothing" | undefined {
  let part: ts.Node = node;
  let isWhole = true;
  while (isPattern(part.parent, part)) {
    part = part.parent;
    isWhole = false;
  }
  const { parent } = part;
  if (ts.isPostfixUnaryExpression(parent)) return undefined;
  if (ts.isForOfStatement(parent) && parent.initializer === part) return undefined;
  if (!ts.isBinaryExpression(parent) || parent.left !== part) return "nothing";
  const kind = parent.operatorToken.kind;
  if (kind < ts.SyntaxKind.FirstAssignment || kind > ts.SyntaxKind.LastAssignment) return "nothing";
  return isWhole ? parent.right : undefined;
}

/** `[run.state] = …`, `({ state: run.state } = …)` */
function isPattern(parent: ts.Node, part: ts.Node): boolean {
  if (ts.isPropertyAssignment(parent)) return parent.initializer === part;
  return (
    ts.isArrayLiteralExpression(parent) ||
    ts.isObjectLiteralExpression(parent) ||
    ts.isParenthesizedExpression(parent) ||
    ts.isSpreadElement(parent)
  );
}

/** The field, where a change of it is one of a run. A state is many things': it counts of a run, and where it becomes a run's. */
function isChanged(file: Parsed, target: ts.Expression, given: ts.Expression | undefined): readonly string[] {
  const field = fieldOf(target);
  if (field === undefined || !("expression" in target)) return [];
  const isOfRun = isRun(file, target.expression as ts.Expression);
  const becomesRuns = field === "state" && valuesOf(given).some((value) => states.includes(value));
  const isOne = field === "state" || field === "message" ? isOfRun || becomesRuns : fields.includes(field);
  return isOne ? [field] : [];
}

/** What an expression may be, as far as it says so itself. */
function valuesOf(node: ts.Expression | undefined): readonly string[] {
  if (node === undefined) return [];
  return waysOf(node).flatMap((way) => (ts.isStringLiteralLike(way) ? [way.text] : []));
}
