import { LaunchError } from "../../core/errors.ts";
import { type Fault, faultAt } from "../reading/fault.ts";
import { resourceArgsSchema } from "../../resources/index.ts";
import type { LaunchSpec } from "./launch-spec.ts";
import type { Located } from "../reading/located.ts";
import { didYouMean, suggestionFor } from "../reading/suggestion.ts";

/** The `${…}` that may stand in `resource_args`. Nothing else is read: not the launcher's environment above all. */
export const macroNames = ["run_id", "run_name", "project_name", "entity_name", "image_uri", "author"] as const;
export type MacroName = (typeof macroNames)[number];
export type MacroValues = Readonly<Record<MacroName, string>>;

const macro = /\$\{([^}]*)\}/g;

function isMacroName(name: string): name is MacroName {
  return macroNames.some((known) => known === name);
}

/** A fault for each macro in `resource_args` that is not on the list. */
export function macroFaults(tree: Located | undefined): readonly Fault[] {
  if (tree === undefined) return [];
  if (tree.kind === "list") return tree.items.flatMap(macroFaults);
  if (tree.kind === "map") return [...tree.entries.values()].flatMap((entry) => macroFaults(entry.value));
  if (typeof tree.value !== "string") return [];
  return [...tree.value.matchAll(macro)].flatMap(([written, name = ""]) => {
    if (isMacroName(name)) return [];
    const suggestion = suggestionFor(name, macroNames);
    const hint = suggestion === undefined ? `; there are ${macroNames.join(", ")}` : didYouMean(suggestion);
    return [
      faultAt({
        origin: tree.origin,
        path: tree.path,
        message: `${tree.path}: unknown macro ${written}${hint}`,
        suggestion,
      }),
    ];
  });
}

/** Puts the values in, and validates again: a value may not fit where its macro did. Throws `bad-spec`. */
export function fillMacros(args: LaunchSpec["resource_args"], values: MacroValues): LaunchSpec["resource_args"] {
  const filled = resourceArgsSchema.safeParse(
    mapText(args, (text) =>
      text.replace(macro, (written, name: string) => (isMacroName(name) ? values[name] : written)),
    ),
  );
  if (filled.success) return filled.data;
  const [issue] = filled.error.issues;
  const path = ["resource_args", ...(issue?.path.map(String) ?? [])].join(".");
  throw new LaunchError("bad-spec", `${path} is not valid with its macros' values: ${issue?.message ?? ""}`);
}

function mapText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item: unknown) => mapText(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapText(item, change)]));
}
