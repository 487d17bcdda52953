import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type ErrorCode, isFileMissing, LaunchError, messageOf, systemCode } from "../../core/errors.ts";
import { maxBytes } from "./parse.ts";

/** How long a pipe may stay without a writer, and one with a writer silent. */
const noWriterMs = 1_000;
const silentMs = 30_000;

export type TextRequest = {
  readonly path: string;
  /** What it is called for people: `launch spec`. */
  readonly what: string;
  readonly code: ErrorCode;
};

/**
 * What a person wrote, as text; undefined when it isn't there. One byte more than is allowed is read at most, of a device too, and a pipe
 * is not waited for without end. Throws `code` for what can't be read.
 */
export async function readText(request: TextRequest): Promise<string | undefined> {
  const refuse = (why: string, cause?: unknown): LaunchError =>
    new LaunchError(request.code, `${request.what} ${JSON.stringify(request.path)} ${why}`, { cause });
  try {
    // Without O_NONBLOCK the open of a pipe waits for a writer, and nothing ends that wait.
    await using file = await open(request.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isDirectory()) throw refuse("is a folder; name the file in it");
    const bytes = stat.isFIFO() || stat.isCharacterDevice() ? await readPipe(file, refuse) : await readFileBytes(file);
    if (bytes.length > maxBytes) throw refuse("has more than 1 MiB");
    return textOf(bytes, refuse);
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    if (error instanceof LaunchError) throw error;
    throw refuse(`can't be read: ${messageOf(error)}`, error);
  }
}

type Refuse = (why: string, cause?: unknown) => LaunchError;

async function readFileBytes(file: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.createReadStream({ end: maxBytes, autoClose: false })) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A pipe or a device: what is not there yet is asked for again. */
async function readPipe(file: FileHandle, refuse: Refuse): Promise<Buffer> {
  const isDevice = (await file.stat()).isCharacterDevice();
  const chunks: Buffer[] = [];
  let size = 0;
  for (let waited = 0; size <= maxBytes;) {
    const chunk = await readOnce(file);
    if (chunk !== undefined && chunk.length > 0) {
      chunks.push(chunk);
      size += chunk.length;
      waited = 0;
      continue;
    }
    if (chunk !== undefined && (size > 0 || waited >= noWriterMs || isDevice)) break;
    if (waited >= silentMs) throw refuse(`is a pipe, and nothing came out of it for ${silentMs / 1_000} s`);
    await delay(pauseMs);
    waited += pauseMs;
  }
  if (size === 0 && !isDevice) throw refuse("is a pipe that nothing is written into");
  return Buffer.concat(chunks);
}

const pauseMs = 20;

/** Undefined where a writer is there and has not written; empty where none is. */
async function readOnce(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(65_536), position: null });
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (systemCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}

function textOf(bytes: Buffer, refuse: Refuse): string {
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") throw refuse("can't be read: it is UTF-16; save it as UTF-8");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw refuse("can't be read: it is not UTF-8 text", error);
  }
}
