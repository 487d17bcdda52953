const newline = 0x0a;

/** A line longer than this is copied by a call, which costs more than the bytes of a short one. */
const copiedByWords = 256;

/**
 * Writes whole lines (UTF-8, each ending in a newline) into `into`, with `mark` before each; returns the bytes written.
 * `into` must hold them: `lines.length` and a mark for each line, of which there are at most `lines.length`.
 */
export function markLines(lines: Buffer, mark: Buffer, into: Buffer): number {
  const { length } = lines;
  const source = new DataView(lines.buffer, lines.byteOffset, length);
  const target = new DataView(into.buffer, into.byteOffset, into.length);
  let to = 0;
  for (let from = 0; from < length;) {
    for (const byte of mark) into[to++] = byte;
    const long = from + copiedByWords;
    for (const last = Math.min(length - 4, long - 1); from <= last; from += 4, to += 4) {
      const word = source.getInt32(from);
      if (hasNewline(word)) break;
      target.setInt32(to, word);
    }
    if (from >= long) {
      const end = lines.indexOf(newline, from) + 1;
      to += lines.copy(into, to, from, end);
      from = end;
      continue;
    }
    for (let isEnd = false; !isEnd; from++, to++) {
      const byte = lines[from] ?? newline;
      into[to] = byte;
      isEnd = byte === newline;
    }
  }
  return to;
}

/** Whether one of four bytes is a newline: only of a zero does less one carry into a bit that was not set. */
function hasNewline(word: number): boolean {
  const differs = word ^ 0x0a0a0a0a;
  return ((differs - 0x01010101) & ~differs & 0x80808080) !== 0;
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
