import { countLines, markLines } from "../core/output/lines.ts";
import type { OutputChunk, OutputStream } from "../core/output/log.ts";

/** How a run's own lines are told from the launcher's: `│ ` for its stdout, `┃ ` for its stderr. */
export const outputMarks: Readonly<Record<OutputStream, string>> = { stdout: "│ ", stderr: "┃ " };

const markBytes = { stdout: Buffer.from(outputMarks.stdout), stderr: Buffer.from(outputMarks.stderr) } as const;

/** A chunk of whole lines with the mark of its stream before each, in a buffer of its own. */
export function markedOutput({ stream, bytes, lines }: OutputChunk): Uint8Array {
  const mark = markBytes[stream];
  const drawnOver = bytes.includes("\r");
  const whole = drawnOver ? asLines(bytes) : bytes;
  const count = drawnOver ? countLines(whole) : lines;
  const marked = Buffer.allocUnsafeSlow(whole.length + count * mark.length);
  markLines(whole, mark, marked);
  return marked;
}

/** A carriage return (a progress bar that draws over itself) would paint over the mark, so each such part becomes a line. */
function asLines(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString().replace(/\r+\n?/g, "\n"));
}
