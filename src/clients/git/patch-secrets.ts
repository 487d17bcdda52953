import type { Redact } from "../../core/output/redaction.ts";

/**
 * Where the first secret stands in a patch, of those that are no ordinary words: `train.py:12`, a line of the file as the patch makes it, or
 * the file alone. Undefined for none.
 */
export function secretInPatch(patch: Uint8Array, redact: Redact): string | undefined {
  const text = Buffer.from(patch).toString();
  if (!redact.holds(text)) return undefined;
  let file = "";
  let line = 0;
  for (const words of text.split("\n")) {
    const isFound = redact.holds(words);
    const hunk = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(words);
    if (words.startsWith("diff --git ")) [file, line] = [/ b\/(.*)$/.exec(words)?.[1] ?? "", 0];
    else if (hunk !== null) line = Number(hunk[1]);
    if (isFound) return redact(line === 0 || hunk !== null ? file : `${file}:${line}`);
    if (hunk === null && line > 0 && !words.startsWith("-")) line++;
  }
  return "it";
}
