import type { OutputChunk, OutputStream } from "../core/log.ts";

/** How a run's own lines are told from the launcher's: `│ ` for its stdout, `┃ ` for its stderr. */
export const outputMarks: Readonly<Record<OutputStream, string>> = { stdout: "│ ", stderr: "┃ " };

const latin1Marks = {
  stdout: Buffer.from(outputMarks.stdout).toString("latin1"),
  stderr: Buffer.from(outputMarks.stderr).toString("latin1"),
} as const;

/**
 * A chunk of whole lines, in UTF-8, with the mark of its stream before each. It works on the chunk, not on lines: a job may print
 * 100 MB a second. And on ASCII, which most output is, it works with the bytes of the mark as characters: with the mark itself V8 would
 * keep two bytes for every character of the chunk.
 */
export function markedOutput({ stream, text }: OutputChunk): Uint8Array {
  const lines = asLines(text);
  return Buffer.byteLength(lines) === lines.length
    ? Buffer.from(marked(lines, latin1Marks[stream]), "latin1")
    : Buffer.from(marked(lines, outputMarks[stream]));
}

/** A carriage return (a progress bar that draws over itself) would paint over the mark, so each such part becomes a line. */
function asLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r+\n?/g, "\n") : text;
}

function marked(text: string, mark: string): string {
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  return `${mark}${body.replaceAll("\n", `\n${mark}`)}\n`;
}
