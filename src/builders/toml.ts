/*
 * The three questions that a Dockerfile asks a pyproject.toml, answered without a TOML parser: tables are found by their
 * header at the start of a line, keys by theirs. Inline tables and dotted keys are not read; uv reads the file in full later.
 */

/** The lines of a table, without its header; undefined when there is none. */
export function tomlTable(text: string, table: string): readonly string[] | undefined {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => /^\s*\[([^[\]]+)\]/.exec(line)?.[1]?.trim() === table);
  if (start === -1) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^\s*\[\[?[\w."-]+\]/.test(line));
  return end === -1 ? rest : rest.slice(0, end);
}

/** A key's string in a table. */
export function tomlString(text: string, table: string, key: string): string | undefined {
  for (const line of tomlTable(text, table) ?? []) {
    const [, name, double, single] = /^\s*([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(line) ?? [];
    if (name === key) return double ?? single;
  }
  return undefined;
}

/** Whether a table's list of strings has this one; the list may go over several lines. */
export function tomlListHas(text: string, table: string, key: string, item: string): boolean {
  const body = (tomlTable(text, table) ?? []).map((line) => line.replace(/#.*$/, "")).join("\n");
  const list = new RegExp(`^\\s*${key}\\s*=\\s*\\[([^\\]]*)\\]`, "m").exec(body)?.[1] ?? "";
  return list.includes(`"${item}"`) || list.includes(`'${item}'`);
}
