import type { OutputChunk, OutputStream } from "../core/log.ts";

/** How a run's own lines are told from the launcher's: `│ ` for its stdout, `┃ ` for its stderr. */
export const outputMarks: Readonly<Record<OutputStream, string>> = { stdout: "│ ", stderr: "┃ " };

/**
 * A chunk of whole lines with the mark of its stream before each. It works on the chunk, not on lines: a job may print 100 MB a
 * second. A carriage return (a progress bar that draws over itself) would paint over the mark, so each such part becomes a line.
 */
export function markedOutput(chunk: OutputChunk, mark = outputMarks[chunk.stream]): string {
  const text = chunk.text.includes("\r") ? chunk.text.replace(/\r+\n?/g, "\n") : chunk.text;
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  return `${mark}${body.replaceAll("\n", `\n${mark}`)}\n`;
}
