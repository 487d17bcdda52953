import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { isFileMissing } from "../core/errors.ts";
import { countLines } from "../core/output/lines.ts";
import type { OutputStream } from "../core/output/log.ts";

/** Whole lines of a stored log, each ending in a newline, without the marks. */
export type LogChunk = { readonly stream: OutputStream; readonly text: string };

/*
 * Reads what run-log.ts writes: lines that start with two characters, two spaces for stdout and `! ` for stderr. The launcher may have
 * been killed, so the last line may be torn, even inside its mark.
 */
const marks: Readonly<Record<string, OutputStream>> = { "  ": "stdout", "! ": "stderr" };

const readBytes = 1024 * 1024;

/** As much of a log's end as a record keeps. */
const tailBytes = 64 * 1024;

/**
 * Marked lines as chunks of one stream each, without the marks. A line without a mark is passed as it is, as stdout.
 */
export function unmarkedChunks(text: string): readonly LogChunk[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) return unmarkedChunks(`${text}\n`);
  // Most logs are all stdout: one replacement instead of a loop over lines.
  if (text.startsWith("  ") && !/\n(?! {2}|$)/.test(text)) {
    return [{ stream: "stdout", text: text.slice(2).replaceAll("\n  ", "\n") }];
  }
  const chunks: { stream: OutputStream; lines: string[] }[] = [];
  for (const line of text.slice(0, -1).split("\n")) {
    const stream = marks[line.slice(0, 2)];
    const last = chunks.at(-1);
    const content = stream === undefined ? line : line.slice(2);
    if (last?.stream === (stream ?? "stdout")) last.lines.push(content);
    else chunks.push({ stream: stream ?? "stdout", lines: [content] });
  }
  return chunks.map(({ stream, lines }) => ({ stream, text: `${lines.join("\n")}\n` }));
}

export type LogFileRequest = {
  /** Asked each time: another attempt has another file. Undefined while there is none. */
  path(): Promise<string | undefined>;
  /** Asked at the file's end: false when nobody writes any more. */
  isWritten(): Promise<boolean>;
  /** Waits for more. */
  pause(): Promise<void>;
};

/**
 * The whole log, and what is still being written to it. A file that isn't there yet is waited for like more of it, and that of another
 * attempt is read after it. One that was removed and is written again, from its start, is of the same attempt, by whoever has taken it
 * over: what was read of it is not read twice.
 */
export async function* readLogFile(request: LogFileRequest, signal: AbortSignal): AsyncGenerator<LogChunk> {
  let file: FileHandle | undefined;
  let rest = Buffer.alloc(0);
  let lines = 0;
  let known = 0;
  const buffer = Buffer.allocUnsafe(readBytes);
  try {
    for (;;) {
      signal.throwIfAborted();
      // Asked before the end is looked for, or what was written in between would be missed.
      const written = await request.isWritten();
      const path = await request.path();
      if (path !== undefined) file ??= await openIfThere(path);
      for (let read = 1; file !== undefined && read > 0;) {
        signal.throwIfAborted();
        read = (await file.read(buffer, 0, readBytes)).bytesRead;
        const all = Buffer.concat([rest, buffer.subarray(0, read)]);
        const end = all.lastIndexOf("\n") + 1;
        rest = all.subarray(end);
        const start = afterLines(all.subarray(0, end), known - lines);
        lines += countLines(all.subarray(0, end));
        yield* unmarkedChunks(all.toString("utf8", start, end));
      }
      const other = file === undefined || path === undefined ? undefined : await replaced(file, path);
      if (file !== undefined && other !== undefined) {
        known = other === "again" ? Math.max(known, lines) : 0;
        lines = 0;
        if (other === "another" && rest.length >= 2) yield* unmarkedChunks(rest.toString("utf8"));
        rest = Buffer.alloc(0);
        await file.close();
        file = undefined;
        continue;
      }
      if (!written) break;
      await request.pause();
    }
    if (rest.length >= 2) yield* unmarkedChunks(rest.toString("utf8"));
  } finally {
    await file?.close();
  }
}

/** Where so many lines have ended. */
function afterLines(bytes: Buffer, count: number): number {
  let at = 0;
  for (let left = count; left > 0 && at < bytes.length; left--) at = bytes.indexOf("\n", at) + 1;
  return at;
}

/** Whether another file than the open one is to be read now; `again` when the open one was removed. None there is no other. */
async function replaced(file: FileHandle, path: string): Promise<"again" | "another" | undefined> {
  try {
    const [open, there] = await Promise.all([file.stat(), stat(path)]);
    if (open.ino === there.ino && open.dev === there.dev) return undefined;
    return open.nlink === 0 ? "again" : "another";
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

/** The end of a log as a record keeps it: whole lines with their marks. Undefined without a log. */
export async function readStoredTail(path: string): Promise<string | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    const text = buffer.toString("utf8", 0, bytesRead);
    const whole = text.slice(start === 0 ? 0 : text.indexOf("\n") + 1);
    return whole === "" || whole.endsWith("\n") ? whole : `${whole}\n`;
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    // A folder, or a pipe that would be waited for without end.
    await file.close();
    return undefined;
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
