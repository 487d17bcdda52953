import { closeSync, openSync, writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { messageOf } from "../core/errors.ts";
import type { Log, OutputStream } from "../core/log.ts";
import type { Redact } from "../core/redaction.ts";

/**
 * A run's output on its way to three places: the log file, the reader, and the tail that the record keeps.
 * It works on chunks of whole lines, not on lines, since a job may print 100 MB a second. In the file each line starts with
 * two characters that tell the streams apart: two spaces for stdout, `! ` for stderr.
 */
export type RunLog = {
  write(stream: OutputStream, chunk: Buffer): Promise<void> | void;
  /** Passes on what is left of an unfinished last line and closes the file. */
  close(): Promise<RunLogSummary>;
};

export type RunLogSummary = {
  readonly lines: number;
  readonly bytes: number;
  /** The last lines, marked as in the file; at most `tailBytes`. */
  readonly tail: string;
  /** False when the file could not be written to its end (disk full): the run went on. */
  readonly complete: boolean;
};

export type RunLogRequest = { readonly file: string; readonly redact: Redact; readonly log: Log };

const marks = { stdout: "  ", stderr: "! " } as const;
const tailBytes = 64 * 1024;
/** A line longer than this is cut into several, so that output without line ends can't fill the memory. */
const maxLine = 256 * 1024;

export function openRunLog(request: RunLogRequest): RunLog {
  const decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  const unfinished = { stdout: "", stderr: "" };
  const tail = tailOf(tailBytes);
  const file = fileSink(request);
  let lines = 0;
  let bytes = 0;

  const pass = (stream: OutputStream, text: string): Promise<void> | void => {
    const clean = request.redact(text);
    const mark = marks[stream];
    const marked = mark + clean.slice(0, -1).replaceAll("\n", `\n${mark}`) + "\n";
    lines += (marked.length - clean.length) / mark.length;
    bytes += clean.length;
    file.write(marked);
    tail.add(marked);
    return request.log.output({ stream, text: clean });
  };

  return {
    write: (stream, chunk) => {
      const text = unfinished[stream] + decoders[stream].write(chunk);
      const end = text.lastIndexOf("\n") + 1;
      unfinished[stream] = text.slice(end);
      if (unfinished[stream].length > maxLine) {
        unfinished[stream] = "";
        return pass(stream, `${text}\n`);
      }
      return end === 0 ? undefined : pass(stream, text.slice(0, end));
    },
    close: async () => {
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = unfinished[stream] + decoders[stream].end();
        if (rest !== "") await pass(stream, `${rest}\n`);
      }
      return { lines, bytes, tail: tail.text(), complete: file.close() };
    },
  };
}

/** Writes until the disk says no; then says so once and lets the run go on. */
function fileSink({ file, log }: RunLogRequest): { write(text: string): void; close(): boolean } {
  const descriptor = openSync(file, "a", 0o600);
  let complete = true;
  return {
    write: (text) => {
      if (!complete) return;
      try {
        const data = Buffer.from(text);
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

/** Keeps whole chunks while they are needed for the last `max` characters, and cuts to whole lines only when asked. */
function tailOf(max: number): { add(text: string): void; text(): string } {
  let chunks: string[] = [];
  let length = 0;
  return {
    add: (text) => {
      chunks.push(text);
      length += text.length;
      for (let first = chunks[0]; first !== undefined && length - first.length >= max; first = chunks[0]) {
        chunks.shift();
        length -= first.length;
      }
    },
    text: () => {
      const all = chunks.join("");
      chunks = [all];
      if (all.length <= max) return all;
      const cut = all.slice(all.length - max);
      const start = cut.indexOf("\n") + 1;
      return start === 0 || start === cut.length ? cut : cut.slice(start);
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
