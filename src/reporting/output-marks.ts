import { countLines, markLines } from "../core/output/lines.ts";
import { terminalText } from "../core/output/terminal-text.ts";
import type { OutputChunk, OutputStream } from "../core/output/log.ts";

/** How a run's own lines are told from the launcher's: `│ ` for its stdout, `┃ ` for its stderr. */
export const outputMarks: Readonly<Record<OutputStream, string>> = { stdout: "│ ", stderr: "┃ " };

const markBytes = { stdout: Buffer.from(outputMarks.stdout), stderr: Buffer.from(outputMarks.stderr) } as const;

/**
 * A chunk of whole lines with the mark of its stream before each, in a buffer of its own. `forTerminal` leaves nothing in it that a
 * terminal acts on but colours.
 */
export function markedOutput({ stream, bytes, lines }: OutputChunk, forTerminal: boolean): Uint8Array {
  const mark = markBytes[stream];
  const whole = forTerminal && mayAct(bytes) ? Buffer.from(terminalText(bytes.toString())) : asLines(bytes);
  const count = whole === bytes ? lines : countLines(whole);
  const marked = Buffer.allocUnsafeSlow(whole.length + count * mark.length);
  markLines(whole, mark, marked);
  return marked;
}

/** A carriage return (a progress bar that draws over itself) would paint over the mark, so each such part becomes a line. */
function asLines(bytes: Buffer): Buffer {
  if (!bytes.includes("\r")) return bytes;
  return Buffer.from(bytes.toString().replace(/\r+\n?/g, "\n"));
}

/** A quick look: a byte of a control character, or of what may be one, or is not seen. */
function mayAct(bytes: Buffer): boolean {
  return /[^\t\n\u0020-\u007e]/.test(bytes.toString("latin1"));
}
