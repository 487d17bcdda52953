import { parse, TomlDate, TomlError, type TomlTable, type TomlValue } from "smol-toml";
import { LaunchError } from "../core/errors.ts";

/** A whole TOML file. Throws `build-failed` with the place of what is no TOML. */
export function parseToml(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { line, column, codeblock } = error;
    const why = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new LaunchError("build-failed", `${file}:${line}:${column}: this is not TOML: ${why}`, {
      cause: error,
      detail: codeblock.trimEnd().split("\n"),
    });
  }
}

/** The table that these keys lead to; undefined where there is none, or something else. */
export function tableIn(table: TomlTable, ...keys: readonly string[]): TomlTable | undefined {
  let found: TomlValue | undefined = table;
  for (const key of keys) found = isTable(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return isTable(found) ? found : undefined;
}

/** The tables in a list; what else is in it is left out. */
export function tablesIn(table: TomlTable | undefined, key: string): readonly TomlTable[] {
  const value = table?.[key];
  return Array.isArray(value) ? value.filter(isTable) : [];
}

export function stringIn(table: TomlTable | undefined, key: string): string | undefined {
  const value = table?.[key];
  return typeof value === "string" ? value : undefined;
}

/** The strings in a list; what else is in it is left out. */
export function stringsIn(table: TomlTable | undefined, key: string): readonly string[] {
  const value = table?.[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value) && !(value instanceof TomlDate);
}
