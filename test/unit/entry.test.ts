import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

/*
 * The bundle's entry is read at each start, of `--help` too, and holds what src/index.ts names, with all that this needs. A package there
 * would cost every command what only some of them need.
 */

const root = resolve(import.meta.dirname, "../../src");

/** What a module imports for more than types. */
function importsOf(path: string): readonly string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier: from } = statement;
    if (from === undefined || !ts.isStringLiteral(from)) return [];
    const isType = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly;
    return isType ? [] : [from.text];
  });
}

test("the bundle's entry needs no package", () => {
  const index = readFileSync(join(root, "index.ts"), "utf8");
  const named = [...index.matchAll(/webpackMode: "eager" \*\/ "(\.[^"]+)"/g)].map(([, path = ""]) => join(root, path));
  expect(named.length).toBeGreaterThan(5);
  const packages: string[] = [];
  const seen = new Set(named);
  for (const path of seen) {
    for (const specifier of importsOf(path)) {
      if (specifier.startsWith(".")) seen.add(resolve(dirname(path), specifier));
      else if (!specifier.startsWith("node:")) packages.push(`${relative(root, path)}: ${specifier}`);
    }
  }
  expect(packages).toEqual([]);
});
