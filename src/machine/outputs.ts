import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { isFileMissing, messageOf } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import type { OutputFile } from "../run/record.ts";

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
  const paths = await filesBelow(directory, log);
  if (paths.length > maxFiles) {
    log.warning(`the run left ${paths.length} output files; the record has the hashes of the first ${maxFiles}`);
  }
  const files: OutputFile[] = [];
  for (const [index, path] of paths.slice(0, maxFiles).entries()) {
    try {
      const { size } = await lstat(path);
      files.push({ path: relative(directory, path), bytes: size, sha256: await sha256OfFile(path, signal) });
    } catch (error) {
      if (signal?.aborted === true) {
        log.warning(`the record lacks the hashes of ${paths.length - index} output files: there was no time for them`);
        break;
      }
      log.warning(`the output file ${relative(directory, path)} is not in the record: ${messageOf(error)}`);
    }
  }
  return { files, metrics: await readMetrics(join(directory, "metrics.json"), log) };
}

async function filesBelow(directory: string, log: Log): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    if (!isFileMissing(error)) log.warning(`the run's outputs are not in the record: ${messageOf(error)}`);
    return [];
  }
}

export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** The finite numbers at the top level of `metrics.json`; a file that is none is warned about, never an error: the run has ended. */
async function readMetrics(path: string, log: Log): Promise<Readonly<Record<string, number>>> {
  let text: string;
  try {
    const info = await lstat(path);
    // A link may lead to what is not the run's, and a pipe never ends.
    if (!info.isFile()) {
      log.warning("metrics.json is not a regular file and was not read");
      return {};
    }
    if (info.size > maxMetricsBytes) {
      log.warning(`metrics.json is larger than ${maxMetricsBytes} bytes and was not read`);
      return {};
    }
    text = await readFile(path, "utf8");
  } catch (error) {
    if (!isFileMissing(error)) log.warning(`metrics.json could not be read: ${messageOf(error)}`);
    return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("it is no JSON object");
    const numbers = Object.entries(value).filter((entry): entry is [string, number] => Number.isFinite(entry[1]));
    const kept = numbers.filter(([name]) => Buffer.byteLength(name) <= longestMetric).slice(0, maxMetrics);
    if (kept.length < numbers.length) {
      log.warning(
        `metrics.json has ${numbers.length} numbers; the record has ${kept.length}: the first ${maxMetrics} whose names have at most ${longestMetric} bytes`,
      );
    }
    return Object.fromEntries(kept);
  } catch (error) {
    log.warning(`metrics.json is not valid and was not recorded: ${messageOf(error)}`);
    return {};
  }
}
