const newline = 0x0a;

/**
 * Writes whole lines (UTF-8, each ending in a newline) into `into`, with `mark` before each; returns the bytes written.
 * `into` must hold them: `lines.length` and a mark for each line, of which there are at most `lines.length`.
 */
export function markLines(lines: Buffer, mark: Buffer, into: Buffer): number {
  let to = 0;
  for (let from = 0; from < lines.length;) {
    const end = lines.indexOf(newline, from) + 1;
    to += mark.copy(into, to);
    to += lines.copy(into, to, from, end);
    from = end;
  }
  return to;
}

export function countLines(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(newline); at !== -1; at = lines.indexOf(newline, at + 1)) count++;
  return count;
}

/**
 * Gives a buffer's memory back now. The collector would do it hundreds of chunks later, and at 200 MB/s these would be most of our
 * memory. A small buffer may be part of a pool that others use: it is left to the collector.
 */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
