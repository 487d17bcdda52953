import ts from "typescript";
import { placeOf, type Tree } from "../tree.ts";

const ends: readonly string[] = ["succeeded", "failed", "cancelled"];
const states: readonly string[] = ["queued", "leased", "building", "starting", "running", ...ends];
/** Fields that a run's documents have and no outcome has. */
const times: readonly string[] = ["started_at", "finished_at", "updated_at"];

/**
 * State, reason and end of a run are written in run/ alone. Outside, this is such a writing:
 * a state on the way (`queued` … `running`), which no outcome has; an end's state or a reason put over something that is spread, as a changed
 * document is made; the time of a start, an end or a change; and an assignment to one of these fields.
 * An outcome (`{ state: "failed", reason, message }`) is told to run/, and is none.
 */
export function statesWrittenElsewhere(tree: Tree): readonly string[] {
  return [...tree]
    .filter(([path]) => !path.startsWith("run/"))
    .flatMap(([path, file]) =>
      file.nodes.flatMap((node) => {
        const field = writtenField(node);
        return field === undefined ? [] : [`${placeOf(path, file, node)} writes a run's ${field}`];
      }),
    );
}

function writtenField(node: ts.Node): string | undefined {
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    const field = ts.isPropertyAccessExpression(node.left) ? node.left.name.text : "";
    const isState = field === "state" && valuesOf(node.right).some((value) => states.includes(value));
    return isState || field === "reason" || times.includes(field) ? field : undefined;
  }
  if (!ts.isPropertyAssignment(node) && !ts.isShorthandPropertyAssignment(node)) return undefined;
  const field = ts.isIdentifier(node.name) || ts.isStringLiteral(node.name) ? node.name.text : "";
  if (times.includes(field)) return field;
  const values = ts.isPropertyAssignment(node) ? valuesOf(node.initializer) : [];
  const isOnTheWay = values.some((value) => states.includes(value) && !ends.includes(value));
  const changes = node.parent.properties.some(spreadsDocument);
  const isEnd = changes && values.some((value) => ends.includes(value));
  return field === "state" && (isOnTheWay || isEnd) ? field : undefined;
}

/** `...run`, `...without(document.run, ofTheEnd)`; but not a field that is left out where there is none: `...(code === undefined ? {} : { code })`. */
function spreadsDocument(node: ts.ObjectLiteralElementLike): boolean {
  return ts.isSpreadAssignment(node) && !ts.isParenthesizedExpression(node.expression);
}

/** What an expression may be, as far as it says so itself. */
function valuesOf(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [...valuesOf(node.whenTrue), ...valuesOf(node.whenFalse)];
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return valuesOf(node.expression);
  }
  return [];
}
