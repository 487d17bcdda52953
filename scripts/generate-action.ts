import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Document } from "yaml";
import { actionInputs, type DescribedInput } from "../src/submit/settings/tables.ts";

const start = "\ninputs:\n";
const end = "\noutputs:\n";

/** action.yml with its inputs as the tables of settings have them; all else in it is written by hand. */
export function generateAction(root: string): { readonly path: string; readonly content: string } {
  const path = "action.yml";
  const text = readFileSync(join(root, path), "utf8");
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${path} needs its inputs, and its outputs after them`);
  const inputs = Object.fromEntries(actionInputs.map((input) => [input.input, entryOf(input)]));
  const yaml = new Document({ inputs }).toString({ lineWidth: 0 });
  return { path, content: `${text.slice(0, from)}\n${yaml}${text.slice(to)}` };
}

function entryOf(input: DescribedInput): object {
  const value = defaultOf(input);
  return { description: input.description, ...(value === undefined ? {} : { default: value }) };
}

/** An input that is a switch is off. */
export function defaultOf({ kind, default: value }: DescribedInput): string | undefined {
  return kind === "switch" ? "false" : value;
}
