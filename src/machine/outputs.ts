import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { isFileMissing, messageOf, shortPath } from "../core/errors.ts";
import { hold, type HeldEntry } from "../core/folders/held.ts";
import { pinFolder, type PinnedFolder } from "../core/folders/pinned.ts";
import type { Log } from "../core/output/log.ts";
import { say } from "../core/output/said.ts";
import type { OutputFile } from "../run/record.ts";
import { takeOver } from "./take-over.ts";

export type Outputs = { readonly files: readonly OutputFile[]; readonly metrics: Readonly<Record<string, number>> };

/** More files than this are counted, not hashed: a record is read by people and kept in git. */
const maxFiles = 1_000;
const maxMetricsBytes = 1024 * 1024;
/** A run's head has them, and lists read each run's: what no list shows is not worth a head that is too large to be read. */
const maxMetrics = 1_000;
const longestMetric = 128;

/**
 * What the run left in its output directory: each file's hash, and the numbers of `metrics.json`. Never throws: the run has ended, and
 * what can't be read is a warning. No more files are hashed once `signal` is aborted, for when there is no time.
 */
export async function collectOutputs(directory: string, log: Log, signal?: AbortSignal): Promise<Outputs> {
  let held: HeldEntry | undefined;
  try {
    held = hold(directory);
    if (held.stats.isDirectory()) return await collected(held, log, signal);
    log.warning(say`the output directory ${shortPath(directory)} is no folder any more, and was not read`);
  } catch (error) {
    if (held !== undefined || !isFileMissing(error))
      log.warning(say`the run's outputs can't be read: ${messageOf(error)}`);
  } finally {
    held?.close();
  }
  return { files: [], metrics: {} };
}

async function collected(held: HeldEntry, log: Log, signal: AbortSignal | undefined): Promise<Outputs> {
  const paths = await takeOver(held, log);
  if (paths.length > maxFiles) {
    log.warning(say`the run left ${paths.length} output files; the record has the hashes of the first ${maxFiles}`);
  }
  // No path is looked at and then opened: what was a file may be a link by then, as long as anything of the run writes.
  const folder = await pinFolder(held.path);
  try {
    const files = await hashedFiles(folder, paths, { log, signal });
    return { files, metrics: await readMetrics(folder, log) };
  } finally {
    await folder.close();
  }
}

async function hashedFiles(
  folder: PinnedFolder,
  paths: readonly string[],
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal | undefined },
): Promise<readonly OutputFile[]> {
  const files: OutputFile[] = [];
  for (const [index, path] of paths.slice(0, maxFiles).entries()) {
    try {
      const entry = await folder.read(Buffer.from(path).toString("latin1"));
      if (entry?.kind !== "file") continue;
      const sha256 = await sha256Of(entry.file.createReadStream({ signal }));
      files.push({ path, bytes: entry.size, sha256 });
    } catch (error) {
      if (signal?.aborted === true) {
        log.warning(
          say`the record lacks the hashes of ${paths.length - index} output files, the first of them ${path}: there was no time for them`,
        );
        break;
      }
      log.warning(say`the output file ${shortPath(path)} is not in the record: ${messageOf(error)}`);
    }
  }
  return files;
}

async function sha256Of(stream: Readable): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The finite numbers at the top level of `metrics.json`; a file that is none is warned about, never an error: the run has ended. */
async function readMetrics(folder: PinnedFolder, log: Log): Promise<Readonly<Record<string, number>>> {
  let text: string;
  try {
    const entry = await folder.read("metrics.json");
    if (entry?.kind !== "file") {
      // A link may lead to what is not the run's, and a pipe never ends.
      if (entry !== undefined || (await folder.has("metrics.json")))
        log.warning(say`metrics.json is not a regular file and was not read`);
      return {};
    }
    const read = await readBounded(entry.file, maxMetricsBytes);
    if (read === undefined) {
      log.warning(say`metrics.json is larger than ${maxMetricsBytes} bytes and was not read`);
      return {};
    }
    text = read;
  } catch (error) {
    log.warning(say`metrics.json could not be read: ${messageOf(error)}`);
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no JSON object");
    const numbers = Object.entries(value).filter(
      // A record can't keep that name.
      (entry): entry is [string, number] => Number.isFinite(entry[1]) && entry[0] !== "__proto__",
    );
    if (Object.hasOwn(value, "__proto__"))
      log.warning(say`metrics.json: a metric can't be called __proto__; it was left out`);
    const kept = numbers.filter(([name]) => Buffer.byteLength(name) <= longestMetric).slice(0, maxMetrics);
    if (kept.length < numbers.length) {
      log.warning(
        say`metrics.json has ${numbers.length} numbers; the record has ${kept.length}: the first ${maxMetrics} whose names have at most ${longestMetric} bytes`,
      );
    }
    return Object.fromEntries(kept);
  } catch (error) {
    log.warning(say`metrics.json is not valid and was not recorded: ${messageOf(error)}`);
    return {};
  }
}

/** A file's text; undefined where it has more bytes, or gets more meanwhile. */
async function readBounded(file: FileHandle, bytes: number): Promise<string | undefined> {
  try {
    const buffer = Buffer.alloc(bytes + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < buffer.length; length += read) {
      read = (await file.read(buffer, length, buffer.length - length, null)).bytesRead;
    }
    return length > bytes ? undefined : buffer.toString("utf8", 0, length);
  } finally {
    await file.close();
  }
}
