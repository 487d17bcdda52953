import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { readTree } from "../support/architecture/tree.ts";

/* What docs/how-it-works.md says of a run's states, held against the code: the prose of run/transitions.ts, and who imports which transition. */

const root = join(import.meta.dirname, "../..");
const docs = readFileSync(join(root, "docs/how-it-works.md"), "utf8");
const tree = readTree(join(root, "src"));

type Written = { readonly from: string; readonly to: string; readonly name: string };

/** ` *   queued     → leased      taken        an agent has it.` */
const written: readonly Written[] = readFileSync(join(root, "src/run/transitions.ts"), "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, from, to, name] = /^ \* {3}(\S.*?) +→ (\S.*?) {2,}(\w+) {2,}\S/.exec(line) ?? [];
    return from === undefined || to === undefined || name === undefined ? [] : [{ from, to, name }];
  });
const names = new Set(written.map(({ name }) => name));

/** `taken: src/agent/taking/take.ts` */
function pairsInDocs(): readonly string[] {
  const [, table = ""] = /\| who \| its transitions \|\n\|---\|---\|\n((?:\|.*\|\n)+)/.exec(docs) ?? [];
  return table.split("\n").flatMap((row) => {
    const [, who = "", what = ""] = row.split("|");
    const files = [...who.matchAll(/`(src\/[\w/.-]+)`/g)].map(([, file = ""]) => file);
    return [...what.matchAll(/`(\w+)`/g)].flatMap(([, name = ""]) => files.map((file) => `${name}: ${file}`));
  });
}

/** Who imports a transition from where they stand, but for these files themselves. */
function pairsInCode(): readonly string[] {
  return [...tree].flatMap(([file, { nodes }]) => {
    if (/^run\/transitions[./]/.test(file)) return [];
    return nodes.filter(ts.isImportSpecifier).flatMap((imported) => {
      const { moduleSpecifier: from } = imported.parent.parent.parent;
      const name = (imported.propertyName ?? imported.name).text;
      const isOne = ts.isStringLiteral(from) && /\/transitions(?:\/[\w-]+)?\.ts$/.test(from.text) && names.has(name);
      return isOne ? [`${name}: src/${file}`] : [];
    });
  });
}

test("the table of who makes which transition is what the code imports", () => {
  const pairs = pairsInDocs();
  expect(pairs.length).toBeGreaterThan(20);
  expect([...pairs].sort()).toEqual([...new Set(pairsInCode())].sort());
});

test("each transition of the prose is somebody's, and there is no other", () => {
  expect([...new Set(pairsInDocs().map((pair) => pair.split(":")[0] ?? ""))].sort()).toEqual([...names].sort());
});

test("the diagram has each transition from one of its states to another", () => {
  const placeOf = (state: string): string => (/^(?:an end|succeeded|failed|cancelled)$/.test(state) ? "ended" : state);
  const leadsOn = written.filter(({ from, to }) => to !== "the same" && placeOf(from) !== placeOf(to));
  const [, diagram = ""] = /```mermaid\n([^`]+)```/.exec(docs) ?? [];
  const drawn = new Set(
    [...diagram.matchAll(/--> (\w+): (.+)/g)].flatMap(([, to = "", labels = ""]) =>
      labels.split(", ").map((label) => `${label} → ${to}`),
    ),
  );
  expect(leadsOn.length).toBeGreaterThan(10);
  expect([...drawn].sort()).toEqual([...new Set(leadsOn.map(({ name, to }) => `${name} → ${placeOf(to)}`))].sort());
});
