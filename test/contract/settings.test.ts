import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { processConsole } from "../../src/cli/terminal/console.ts";
import { buildProgram } from "../../src/cli/program/program.ts";
import { agentTable } from "../../src/submit/settings/agent-table.ts";
import { jobTable } from "../../src/submit/settings/job-table.ts";
import { launchTable } from "../../src/submit/settings/launch-table.ts";
import type { Setting, SettingTable } from "../../src/submit/settings/setting.ts";

/* A setting stands in one table, and nowhere else: all that a user sees of settings is held against it. */

const root = join(import.meta.dirname, "../..");
const tables: Readonly<Record<string, SettingTable>> = { launchTable, agentTable, jobTable };
const settings = Object.values(tables).flatMap((table) => Object.values<Setting>(table));
const inputs = [...new Set(settings.flatMap(({ input }) => input ?? []))].sort();

const manifestSchema = z.object({ inputs: z.record(z.string(), z.object({ description: z.string() })) });
const manifest = manifestSchema.parse(parse(readFileSync(join(root, "action.yml"), "utf8")));

/** The first cells of the rows between a file's marks. */
function rowsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  const [, table = ""] = /<!-- inputs: generated -->([\s\S]*)<!-- \/inputs -->/.exec(text) ?? [];
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = ""]) => name);
}

function optionsOf(...path: readonly string[]): ReadonlyMap<string, string> {
  let command = buildProgram(processConsole(), undefined, () => undefined);
  for (const name of path) {
    const found = command.commands.find((child) => child.name() === name);
    if (found === undefined) throw new Error(`no command ${name}`);
    command = found;
  }
  return new Map(command.options.map((option) => [option.attributeName(), option.flags]));
}

function flagsIn(table: SettingTable): ReadonlyMap<string, string> {
  const rows = Object.entries(table).map(([name, { flag }]) => [name, flag ?? ""] as const);
  return new Map(rows.filter(([, flag]) => flag !== ""));
}

test.each(
  Object.entries(tables).flatMap(([table, rows]) => Object.entries(rows).map((row) => [table, ...row] as const)),
)(
  "%s: %s is a flag with its help, or an input with its description, or both",
  (_, name, { flag, help, input, description }) => {
    expect([flag, input].filter((door) => door !== undefined)).not.toEqual([]);
    expect(help !== undefined).toBe(flag !== undefined);
    const isShared = settings.some((other) => other.input === input && other.description !== undefined);
    if (input !== undefined) expect(description ?? isShared, name).toBeTruthy();
  },
);

test("the inputs of action.yml and of the long table in the docs are the tables' and no others", () => {
  expect(Object.keys(manifest.inputs).sort()).toEqual(inputs);
  expect([...rowsOf("docs/github-action.md")].sort()).toEqual(inputs);
});

test("the README shows the ten inputs that are used most", () => {
  const common = settings.flatMap(({ input, common }) => (common === true && input !== undefined ? [input] : []));
  expect(common).toHaveLength(10);
  expect([...rowsOf("README.md")].sort()).toEqual(common.sort());
});

test.each([
  ["run", launchTable],
  ["agent", agentTable],
] as const)("the flags of launch %s are its table's, beside those of the log", (command, table) => {
  const options = new Map(optionsOf(command));
  const beside = ["json", "verbose", "raw", ...(command === "agent" ? ["store"] : [])];
  expect(beside.filter((name) => !options.delete(name))).toEqual([]);
  expect(options).toEqual(flagsIn(table));
});

test.each(["validate", "doctor"])("launch %s has the flags of launch run that change the spec", (command) => {
  const options = optionsOf(command);
  const all = Object.entries<Setting>(launchTable).filter(([, { flag }]) => flag !== undefined);
  expect(all.filter(([name]) => !options.has(name)).map(([name]) => name)).toEqual([
    "each",
    "replace",
    "wait",
    "includeUntracked",
    "dryRun",
  ]);
});
