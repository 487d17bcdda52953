import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { flagName } from "../src/submit/settings/setting.ts";
import { actionInputs, type DescribedInput } from "../src/submit/settings/tables.ts";
import { defaultOf } from "./generate-action.ts";

type Generated = { readonly path: string; readonly content: string };

const outputsSchema = z.object({ outputs: z.record(z.string(), z.object({ description: z.string() })) });

/** The README with the inputs that are used most, and the page of the action with all of them and its outputs. */
export function generateTables(root: string): readonly Generated[] {
  const common = actionInputs.filter(({ common }) => common === true);
  const { outputs } = outputsSchema.parse(parse(readFileSync(join(root, "action.yml"), "utf8")));
  const outputRows = Object.entries(outputs).map(([name, { description }]) => [`\`${name}\``, description]);
  return [
    withTables(root, "README.md", {
      inputs: table(
        ["input", "meaning"],
        common.map(({ input, description }) => [`\`${input}\``, description]),
      ),
    }),
    withTables(root, "docs/github-action.md", {
      inputs: table(["input", "flag", "meaning", "default"], actionInputs.map(inputRow)),
      outputs: table(["output", "meaning"], outputRows),
    }),
  ];
}

function inputRow(input: DescribedInput): readonly string[] {
  const [flag, value = ""] = [flagName(input), defaultOf(input)];
  return [
    `\`${input.input}\``,
    flag === "" ? "" : `\`${flag}\``,
    input.description,
    value === "" ? "" : `\`${value}\``,
  ];
}

function withTables(root: string, path: string, tables: Readonly<Record<string, string>>): Generated {
  let content = readFileSync(join(root, path), "utf8");
  for (const [name, table] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name}: generated -->`, `<!-- /${name} -->`];
    const [from, to] = [content.indexOf(start), content.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${path} needs the lines "${start}" and "${end}"`);
    content = `${content.slice(0, from + start.length)}\n\n${table}\n\n${content.slice(to)}`;
  }
  return { path, content };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** One line of a table: a `|` would end its cell, a newline the row. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.trim().replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`;
}
