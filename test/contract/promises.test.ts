import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

/* docs/threat-model.md has a table of what is promised. Each promise names a test, which must be there, and must run. */

const root = join(import.meta.dirname, "../..");
const docs = readFileSync(join(root, "docs/threat-model.md"), "utf8");

type Row = { readonly of: string; readonly promise: string; readonly tests: readonly string[] };

function rowsOf(text: string): readonly Row[] {
  const [, table = ""] = /\| of \| promise \| test \|\n\|(?:-+\|)+\n((?:\|.*\|\n)+)/.exec(text) ?? [];
  return table.split("\n").flatMap((line) => {
    const [, of = "", promise = "", cell = ""] = line
      .split(/(?<!\\)\|/)
      .map((part) => part.trim().replaceAll("\\|", "|"));
    const tests = cell.split("<br>").filter((part) => part !== "");
    return line === "" ? [] : [{ of, promise, tests }];
  });
}

/** A title as it is written, and whether that test runs: what is skipped or to be done holds nothing. */
type Titled = { readonly title: string; readonly runs: boolean };

/** `test("…")`, `it.each(…)("…")`: what is called at the root is test or it. */
function modifiersOf(callee: ts.Expression): readonly string[] | undefined {
  if (ts.isIdentifier(callee)) return ["test", "it", "describe"].includes(callee.text) ? [callee.text] : undefined;
  if (ts.isPropertyAccessExpression(callee)) {
    const before = modifiersOf(callee.expression);
    return before === undefined ? undefined : [...before, callee.name.text];
  }
  return ts.isCallExpression(callee) ? modifiersOf(callee.expression) : undefined;
}

function titlesIn(path: string): readonly Titled[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest, true);
  const found: Titled[] = [];
  const visit = (node: ts.Node, runs: boolean): void => {
    let inside = runs;
    if (ts.isCallExpression(node)) {
      const modifiers = modifiersOf(node.expression);
      const [first] = node.arguments;
      if (modifiers !== undefined) inside = runs && !modifiers.some((each) => each === "skip" || each === "todo");
      if (
        modifiers !== undefined &&
        modifiers[0] !== "describe" &&
        first !== undefined &&
        ts.isStringLiteralLike(first)
      )
        found.push({ title: first.text, runs: inside });
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, true);
  return found;
}

/** Why a test that a promise names doesn't hold it; undefined where it does. */
function faultOf(named: string): string | undefined {
  const [, path = "", title = ""] = /^`(test\/[\w./-]+\.test\.ts)` (.+)$/.exec(named) ?? [];
  if (path === "") return `not written as \`test/….test.ts\` and the test's title: ${named}`;
  if (!existsSync(join(root, path))) return `no ${path}`;
  const titled = titlesIn(path).filter((each) => each.title === title);
  if (titled.length === 0) return `no test of this title in ${path}: ${title}`;
  return titled.some(({ runs }) => runs) ? undefined : `skipped in ${path}: ${title}`;
}

function faultsOf({ promise, tests }: Row): readonly string[] {
  if (tests.length === 0) return [`${promise}: no test`];
  return tests.flatMap((named) => {
    const fault = faultOf(named);
    return fault === undefined ? [] : [`${promise}: ${fault}`];
  });
}

const rows = rowsOf(docs);

describe("each promise of the threat model", () => {
  test("is in the table, one row each", () => {
    expect(rows.length).toBeGreaterThan(60);
    const promises = rows.map(({ of, promise }) => `${of}: ${promise}`);
    expect(promises.filter((promise, index) => promise.endsWith(": ") || promises.indexOf(promise) !== index)).toEqual(
      [],
    );
  });

  test("names a test that is there and runs", () => {
    expect(rows.flatMap(faultsOf)).toEqual([]);
  });

  test("stands for each thing that the prose says is held", () => {
    const [, held = ""] = /## How that is held\n([^]*?)\n## /.exec(docs) ?? [];
    const leads = [...held.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, lead = ""]) => lead);
    expect(leads.length).toBeGreaterThan(7);
    const of = new Set(rows.map((row) => row.of));
    expect(leads.filter((lead) => !of.has(lead))).toEqual([]);
  });
});

describe("the reading of the table", () => {
  const table = (cell: string): string => `| of | promise | test |\n|---|---|---|\n| a | b | ${cell} |\n`;

  test.each([
    ["", "no test"],
    ["some words", "not written as"],
    ["`test/contract/none.test.ts` a", "no test/contract/none.test.ts"],
    ["`test/contract/promises.test.ts` nobody wrote this", "no test of this title"],
  ])("finds a promise that %j doesn't hold", (cell, words) => {
    expect(rowsOf(table(cell)).flatMap(faultsOf)).toEqual([expect.stringContaining(words)]);
  });

  test("takes one that is there", () => {
    const cell = "`test/contract/promises.test.ts` takes one that is there";
    expect(rowsOf(table(cell)).map(({ tests }) => tests)).toEqual([[cell]]);
    expect(rowsOf(table(cell)).flatMap(faultsOf)).toEqual([]);
  });
});
