import { closeSync, openSync, writeSync } from "node:fs";
import { messageOf } from "../core/errors.ts";
import { markLines } from "../core/output/lines.ts";
import type { Log, OutputStream } from "../core/output/log.ts";
import type { Redact } from "../core/output/redaction.ts";
import { say } from "../core/output/said.ts";
import { wholeLines } from "./whole-lines.ts";

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
const tailBytes = 64 * 1024;

export function openRunLog(request: RunLogRequest): RunLog {
  const tail = tailOf(tailBytes);
  const file = fileSink(request);
  let marked: Buffer = Buffer.alloc(0);
  let lines = 0;
  let bytes = 0;

  const pass = (stream: OutputStream, clean: Buffer): Promise<void> | void => {
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
  const streams = {
    stdout: wholeLines(request.redact, (clean) => pass("stdout", clean)),
    stderr: wholeLines(request.redact, (clean) => pass("stderr", clean)),
  };

  return {
    write: (stream, chunk) => streams[stream].write(chunk),
    close: async () => {
      await streams.stdout.end();
      await streams.stderr.end();
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
        log.warning(say`the log file ${file} can't be written any further: ${messageOf(error)}; the run goes on`);
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
