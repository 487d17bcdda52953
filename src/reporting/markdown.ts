import { oneLine, plainText } from "../core/output/terminal-text.ts";
import { truncated } from "./words.ts";

/*
 * GitHub-flavoured Markdown from text that others wrote (names, messages, log lines). Nothing in it may become a heading, a link with
 * other words, HTML, an image, a mention that notifies somebody, or the end of its table cell or code block.
 */

/** Longer values say nothing more, and a summary has a limit. */
const maxInline = 500;

/** Text in a paragraph or a table cell; never the first thing of a line. */
export function inlineText(text: string): string {
  return truncated(oneLine(text), maxInline).replace(
    /[\\`*_[\]<>#|~&@$]/g,
    (mark) => replacements[mark] ?? `\\${mark}`,
  );
}

/** For these a backslash is not enough everywhere that GitHub looks at them (HTML, tables, mathematics, mentions). */
const replacements: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  "&": "&amp;",
  "|": "&#124;",
  $: "&#36;",
  "@": "@<!-- -->",
};

/** A code span in a paragraph or a table cell: its fence is longer than any run of backticks inside. */
export function inlineCode(text: string): string {
  const line = truncated(oneLine(text), maxInline);
  if (line === "") return "";
  // A table is cut into cells before code is looked for, and `\|` can't be told from `\` and `|` there.
  if (line.includes("|")) return `<code>${inlineText(line)}</code>`;
  const fence = "`".repeat(longestRun(line) + 1);
  const pad = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A fenced block. Colours and other control sequences are taken out; the fence is longer than any run of backticks inside. */
export function codeBlock(text: string, language = ""): string {
  const plain = plainText(text);
  const fence = "`".repeat(Math.max(3, longestRun(plain) + 1));
  return `${fence}${language}\n${plain.replace(/\n$/, "")}\n${fence}`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Markdown already made safe, as a link where there is one. */
export function linked(text: string, url: string | undefined): string {
  return url === undefined ? text : `[${text}](<${encodeURI(url).replace(/[<>]/g, "")}>)`;
}

/** A folded part; `summary` is Markdown already made safe. */
export function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
}
