import { closeSync, openSync, writeSync } from "node:fs";
import { messageOf } from "../core/errors.ts";
import { markLines } from "../core/output/lines.ts";
import type { Log, OutputStream } from "../core/output/log.ts";
import { type Redact, redactNothing } from "../core/output/redaction.ts";

/**
 * A run's output on its way to three places: the log file, the reader, and the tail that the record keeps.
 * It works on chunks of whole lines, and on bytes, since a job may print 200 MB a second. In the file each line starts with
 * two characters that tell the streams apart: two spaces for stdout, `! ` for stderr.
 */
export type RunLog = {
  /** Takes a chunk, and copies what it keeps of it. A promise when the reader is behind. */
  write(stream: OutputStream, chunk: Buffer): Promise<void> | void;
  /** Passes on what is left of an unfinished last line and closes the file. */
  close(): Promise<ClosedRunLog>;
};

export type ClosedRunLog = {
  readonly lines: number;
  readonly bytes: number;
  /** The last lines, marked as in the file; at most `tailBytes`. */
  readonly tail: string;
  /** False when the file could not be written to its end (disk full): the run went on. */
  readonly complete: boolean;
};

export type RunLogRequest = {
  readonly file: string;
  readonly redact: Redact;
  readonly log: Log;
};

const marks = { stdout: Buffer.from("  "), stderr: Buffer.from("! ") } as const;
const newline = Buffer.from("\n");
const tailBytes = 64 * 1024;
/** A line longer than this is cut into several, so that output without line ends can't fill the memory. */
const maxLine = 256 * 1024;

export function openRunLog(request: RunLogRequest): RunLog {
  const unfinished: Record<OutputStream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const tail = tailOf(tailBytes);
  const file = fileSink(request);
  let marked: Buffer = Buffer.alloc(0);
  let lines = 0;
  let bytes = 0;

  const pass = (stream: OutputStream, whole: Buffer): Promise<void> | void => {
    const clean = request.redact === redactNothing ? whole : Buffer.from(request.redact(whole.toString()));
    // Used again for each chunk: a buffer each would be most of our memory. At worst each byte is a line.
    if (marked.length < clean.length * 3) marked = Buffer.allocUnsafeSlow(clean.length * 3);
    const now = marked.subarray(0, markLines(clean, marks[stream], marked));
    const count = (now.length - clean.length) / marks[stream].length;
    lines += count;
    bytes += clean.length;
    file.write(now);
    tail.add(now);
    return request.log.output({ stream, bytes: clean, lines: count });
  };

  return {
    write: (stream, chunk) => {
      const end = chunk.lastIndexOf("\n") + 1;
      const begun = unfinished[stream];
      if (end === 0 && begun.length + chunk.length <= maxLine) {
        unfinished[stream] = Buffer.concat([begun, chunk]);
        return undefined;
      }
      // A copy: the chunk is taken back when we return.
      unfinished[stream] = Buffer.from(end === 0 ? "" : chunk.subarray(end));
      if (end === 0) return pass(stream, Buffer.concat([begun, chunk, newline]));
      if (begun.length === 0) return pass(stream, chunk.subarray(0, end));
      // The line that was begun goes by itself, so that the rest need not be copied behind it.
      const first = chunk.indexOf("\n") + 1;
      const behind = pass(stream, Buffer.concat([begun, chunk.subarray(0, first)]));
      const further = first === end ? undefined : pass(stream, chunk.subarray(first, end));
      return further ?? behind;
    },
    close: async () => {
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = unfinished[stream];
        if (rest.length > 0) await pass(stream, Buffer.concat([rest, newline]));
      }
      return { lines, bytes, tail: tail.text(), complete: file.close() };
    },
  };
}

/** Writes until the disk says no; then says so once and lets the run go on. */
function fileSink({ file, log }: RunLogRequest): { write(data: Buffer): void; close(): boolean } {
  const descriptor = openSync(file, "a", 0o600);
  let complete = true;
  return {
    write: (data) => {
      if (!complete) return;
      try {
        for (let done = 0; done < data.length;) done += writeSync(descriptor, data, done);
      } catch (error) {
        complete = false;
        log.warning(`the log file ${file} can't be written any further: ${messageOf(error)}; the run goes on`);
      }
    },
    close: () => {
      closeSync(descriptor);
      return complete;
    },
  };
}

/** Keeps the last `max` bytes, in a buffer of twice that, and cuts to whole lines only when asked. */
function tailOf(max: number): { add(data: Buffer): void; text(): string } {
  const kept = Buffer.allocUnsafeSlow(2 * max);
  let length = 0;
  let cut = false;
  return {
    add: (data) => {
      const last = data.subarray(Math.max(0, data.length - max));
      cut ||= last.length < data.length;
      if (length + last.length > kept.length) {
        const keep = max - Math.min(max, last.length);
        kept.copyWithin(0, length - keep, length);
        length = keep;
        cut = true;
      }
      length += last.copy(kept, length);
    },
    text: () => {
      const start = Math.max(0, length - max);
      if (start === 0 && !cut) return kept.toString("utf8", 0, length);
      const firstLine = kept.subarray(0, length).indexOf("\n", start) + 1;
      return kept.toString("utf8", firstLine === length ? start : firstLine, length);
    },
  };
}

/** The last `count` lines of a tail, without their marks. */
export function lastLines(tail: string, count: number): readonly string[] {
  if (tail === "") return [];
  return tail
    .replace(/\n$/, "")
    .split("\n")
    .slice(-count)
    .map((line) => line.slice(2));
}
