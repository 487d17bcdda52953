import ts from "typescript";
import { bare, declarationOf, fieldOf, isReference, nameOf, waysOf } from "../bindings.ts";
import { kinds, pluginOf } from "../rooms.ts";
import { type Parsed, placeOf, type Tree } from "../tree.ts";

/** Ids that are words of everyday too (a tool's, a phase's, a file's): one of them counts only where it says which plug-in is meant. */
const everyday: readonly string[] = ["docker", "generic", "git", "image", "noop", "postgres", "vertex"];
/**
 * What such a value is called, where it says which plug-in is meant: `type`, `builder`, `defaultStores`, `resourceId`. A `kind` doesn't: what a
 * source is (`git`, `directory`, `image`) is a word of the record.
 */
const choosers =
  /^(?:type|types|plugin)$|(?:(?:builder|environment|resource|store)(?:kind)?|registry|source)(?:type|id|name)?$|(?:builder|environment|resource|store|source|registrie)s$/i;
/** A function that is told which plug-in is meant: `choose("postgres")`, `openStore("git")`. */
const choosing =
  /^(?:choose|chosen|default|pick|select|use)|builder|environment|registry|resource|source|store|plugin/i;

/** A plug-in's id as a value (compared, chosen, defaulted), in a type or as a key, outside its folder and its catalog. Prose may name it. */
export function idsOutsideTheirFolders(tree: Tree): readonly string[] {
  const ids = idsOf(tree);
  return [...tree].flatMap(([path, file]) =>
    file.nodes.flatMap((node) => {
      const id = idIn(file, node, ids);
      if (id === undefined || ids.get(id)?.some((home) => isAtHome(path, home)) === true) return [];
      return [`${placeOf(path, file, node)} knows "${id}"`];
    }),
  );
}

type Ids = ReadonlyMap<string, readonly string[]>;

/** The folders of each id, as `builders/docker` of `docker`: two kinds may have one id. */
function idsOf(tree: Tree): Ids {
  const plugins = new Set([...tree.keys()].flatMap((path) => pluginOf(path) ?? []));
  return Map.groupBy(plugins, (plugin) => plugin.split("/")[1] ?? "");
}

function isAtHome(path: string, plugin: string): boolean {
  const [kind = ""] = plugin.split("/");
  return path.startsWith(`${plugin}/`) || path === `${kind}/index.ts`;
}

function idIn(file: Parsed, node: ts.Node, ids: Ids): string | undefined {
  const parts = partsOfName(node);
  if (parts.length > 0) return [...ids.keys()].find((id) => !everyday.includes(id) && isPartOf(parts, id));
  const text = textOf(node);
  if (text === undefined || !ids.has(text) || isModuleName(node)) return undefined;
  return !everyday.includes(text) || choosesPlugin(file, node) ? text : undefined;
}

/** A text, or what a property is called: `{ docker: 1 }`, `builders.docker`. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isIdentifier(node)) return undefined;
  return isKey(node) || isMember(node) ? node.text : undefined;
}

/** `{ docker: 1 }`, `{ docker }`, `{ docker() {} }`; in a type `{ docker: string }`. */
function isKey(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return parent.name === node;
  if (ts.isBindingElement(parent)) return (parent.propertyName ?? parent.name) === node;
  const isProperty =
    ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent);
  return isProperty && parent.name === node;
}

function isMember(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node.parent) && node.parent.name === node;
}

/** What a name is made of: `local-process-${id}`, "local-process-" + id. Words with spaces are prose. */
function partsOfName(node: ts.Node): readonly string[] {
  if (ts.isTemplateExpression(node)) {
    const texts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
    return texts.some((text) => /\s/.test(text)) ? [] : texts;
  }
  const isAdded = ts.isStringLiteralLike(node) && ts.isBinaryExpression(node.parent) && !/\s/.test(node.text);
  return isAdded && node.parent.operatorToken.kind === ts.SyntaxKind.PlusToken ? [node.text] : [];
}

function isPartOf(parts: readonly string[], id: string): boolean {
  return parts.some((part) => new RegExp(`(?:^|[/:_])${id}(?:[-/:_]|$)`).test(part));
}

function isModuleName({ parent }: ts.Node): boolean {
  if (ts.isCallExpression(parent)) return parent.expression.kind === ts.SyntaxKind.ImportKeyword;
  return ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent);
}

/** Whether an everyday word says which plug-in is meant. */
function choosesPlugin(file: Parsed, node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent))
    return isMember(node) ? isCatalog(parent.expression) : choosesAt(file, node);
  if (ts.isElementAccessExpression(parent)) return isCatalog(parent.expression);
  return isKey(node) ? isTable(file, parent.parent) : choosesAt(file, node);
}

/** What says something of each plug-in: `const builders = { docker: 1 }`, `{ docker: 1 }[builder.type]`. */
function isTable(file: Parsed, node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isElementAccessExpression(parent))
    return parent.expression === node && saysWhich(file, parent.argumentExpression);
  if (isNamed(parent)) return kinds.includes(nameOf(namedBy(parent)) ?? "");
  return passesOn(parent) && isTable(file, parent);
}

/** `builders.docker`, `catalogs.stores["postgres"]` */
function isCatalog(node: ts.Expression): boolean {
  const object = bare(node);
  return kinds.includes(ts.isIdentifier(object) ? object.text : (fieldOf(object) ?? ""));
}

const comparisons = [
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
];
const assignments = [
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
];

/** Whether what stands here is compared with, becomes or is handed to what says which plug-in is meant. */
function choosesAt(file: Parsed, node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) {
    const kind = parent.operatorToken.kind;
    if (comparisons.includes(kind)) return saysWhich(file, parent.left === node ? parent.right : parent.left);
    if (assignments.includes(kind)) return parent.right === node && saysWhich(file, parent.left);
    return choosesAt(file, parent) || (parent.right === node && saysWhich(file, parent.left));
  }
  if (ts.isCaseClause(parent)) return saysWhich(file, parent.parent.parent.expression);
  if (ts.isCallExpression(parent)) return parent.expression !== node && isTold(file, parent);
  if (ts.isPropertyAccessExpression(parent)) return isAsked(file, parent);
  if (ts.isElementAccessExpression(parent))
    return parent.expression === node && saysWhich(file, parent.argumentExpression);
  if (ts.isReturnStatement(parent) || ts.isArrowFunction(parent)) return isOfChoosingFunction(parent);
  if (isNamed(parent)) {
    if (parent.name === node) return false;
    return (
      choosers.test(nameOf(namedBy(parent)) ?? "") || (ts.isVariableDeclaration(parent) && isUsed(file, parent, node))
    );
  }
  if (ts.isConditionalExpression(parent) && parent.condition !== node) {
    if (saysWhich(file, parent.whenTrue === node ? parent.whenFalse : parent.whenTrue)) return true;
  }
  return passesOn(parent) && choosesAt(file, parent);
}

/** `const listed = ["docker"]; listed.includes(type)`; and what is typed as an id, and made of what says which: `let of: "docker" = builder.type`. */
function isUsed(file: Parsed, made: ts.VariableDeclaration, part: ts.Node): boolean {
  if (made.initializer !== part) return made.initializer !== undefined && saysWhich(file, made.initializer);
  return file.nodes.some(
    (node) => ts.isIdentifier(node) && isReference(node) && declarationOf(file, node) === made && choosesAt(file, node),
  );
}

/** `function defaultStore() { return "git"; }`, `const builder = () => "docker"` */
function isOfChoosingFunction(node: ts.Node): boolean {
  const made = ts.findAncestor(node, ts.isFunctionLike);
  const name = made === undefined || ts.isArrowFunction(made) ? made?.parent : made;
  return name !== undefined && "name" in name && choosers.test(nameOf(name.name as ts.Node | undefined) ?? "");
}

type Named =
  | ts.PropertyAssignment
  | ts.PropertySignature
  | ts.PropertyDeclaration
  | ts.VariableDeclaration
  | ts.ParameterDeclaration
  | ts.BindingElement
  | ts.TypeAliasDeclaration;

/** What gives its value, its default or its type a name. */
function isNamed(node: ts.Node): node is Named {
  return (
    ts.isPropertyAssignment(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isTypeAliasDeclaration(node)
  );
}

function namedBy(node: Named): ts.Node {
  return ts.isBindingElement(node) ? (node.propertyName ?? node.name) : node.name;
}

/** What has its part's value, or is a list or a choice with it in it: `(x)`, `c ? x : y`, `[x]`, `new Set([x])`, `"x" | "y"`. */
function passesOn(node: ts.Node): boolean {
  return (
    ts.isParenthesizedExpression(node) ||
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isConditionalExpression(node) ||
    ts.isArrayLiteralExpression(node) ||
    ts.isSpreadElement(node) ||
    ts.isNewExpression(node) ||
    ts.isLiteralTypeNode(node) ||
    ts.isUnionTypeNode(node) ||
    ts.isParenthesizedTypeNode(node) ||
    ts.isArrayTypeNode(node) ||
    ts.isTypeOperatorNode(node)
  );
}

/** `["docker", "noop"].includes(builder.type)`, `new Map([["docker", 1]]).get(type)` */
function isAsked(file: Parsed, { parent }: ts.PropertyAccessExpression): boolean {
  return ts.isCallExpression(parent) && parent.arguments.some((argument) => saysWhich(file, argument));
}

/** `choose("postgres")`, `builder.type.startsWith("docker")`; of a schema, `type: z.literal("docker")`, where it isn't another field's. */
function isTold(file: Parsed, call: ts.CallExpression): boolean {
  const callee = bare(call.expression);
  const name = ts.isIdentifier(callee) ? callee.text : (fieldOf(callee) ?? "");
  const receiver = ts.isPropertyAccessExpression(callee) ? callee.expression : undefined;
  if (/^(?:literal|enum)$/.test(name)) return !isOfAnotherField(call);
  return choosing.test(name) || (receiver !== undefined && saysWhich(file, receiver));
}

/** `kind: z.literal("image").optional()` */
function isOfAnotherField(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isPropertyAssignment(parent)) return !choosers.test(nameOf(parent.name) ?? "");
  const isChained = ts.isPropertyAccessExpression(parent) || ts.isCallExpression(parent);
  return isChained && isOfAnotherField(parent);
}

/** `type`, `builder.type`, `config?.["store"]`, or what is made of one: `const chosen = builder.type`. */
function saysWhich(file: Parsed, node: ts.Node): boolean {
  return ts.isExpression(node) && waysOf(node).some((value) => isWhich(file, value));
}

function isWhich(file: Parsed, value: ts.Expression): boolean {
  const field = fieldOf(value);
  if (field !== undefined) return choosers.test(field);
  if (ts.isElementAccessExpression(value)) return saysWhich(file, value.argumentExpression);
  if (!ts.isIdentifier(value)) return ts.isStringLiteralLike(value) && choosers.test(value.text);
  if (choosers.test(value.text)) return true;
  const declaration = declarationOf(file, value);
  if (declaration === undefined) return false;
  if (ts.isBindingElement(declaration)) return choosers.test(nameOf(declaration.propertyName) ?? "");
  return (
    ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined &&
    saysWhich(file, declaration.initializer)
  );
}
