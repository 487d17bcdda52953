import { LaunchError } from "../core/errors.ts";

/**
 * Reads an input of pairs: `NAME=value` on each line, or, for a value of several lines, GitHub's own form for files of variables:
 * `NAME<<END`, the lines, `END`. Empty lines and lines that start with # are left out. The text may be secret, so no message shows it.
 */
export function parsePairs(input: string, text: string): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const [, name, operator, rest] = /^\s*([A-Za-z_][\w-]*)(=|<<)(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) {
      throw new LaunchError(
        "bad-usage",
        `input ${input}, line ${i + 1}: give NAME=value, or NAME<<END with the value's lines and END below`,
      );
    }
    if (operator === "=") {
      pairs.push([name, rest]);
      continue;
    }
    const end = lines.indexOf(rest, i + 1);
    if (rest === "" || end === -1) {
      throw new LaunchError(
        "bad-usage",
        `input ${input}, line ${i + 1}: the value of ${name} has no end: a line with the word after << alone`,
      );
    }
    pairs.push([name, lines.slice(i + 1, end).join("\n")]);
    i = end;
  }
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new LaunchError("bad-usage", `input ${input} has ${twice} twice; keep one`);
  return pairs;
}
