import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

/** What of action.yml the README shows. */
const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ description: z.string() })),
});

/** One line of a table: a `|` would end its cell, a newline the row. */
function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.trim().replaceAll("|", "\\|").replace(/\s+/g, " ")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

function between(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}: generated from action.yml -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`README.md needs the lines "${start}" and "${end}"`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** The README with its tables of inputs and outputs as action.yml has them. */
export function generateReadme(root: string): { readonly path: string; readonly content: string } {
  const path = "README.md";
  const action = actionSchema.parse(parse(readFileSync(join(root, "action.yml"), "utf8")));
  const inputs = Object.entries(action.inputs).map(([name, { description, default: value = "" }]) => [
    `\`${name}\``,
    description,
    value === "" ? "" : `\`${value}\``,
  ]);
  const outputs = Object.entries(action.outputs).map(([name, { description }]) => [`\`${name}\``, description]);
  const text = readFileSync(join(root, path), "utf8");
  const withInputs = between(text, "inputs", table(["input", "meaning", "default"], inputs));
  return { path, content: between(withInputs, "outputs", table(["output", "meaning"], outputs)) };
}
