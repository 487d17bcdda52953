import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { realPathOf } from "../../../core/folders/real-path.ts";
import { findGitPlace } from "./git-place.ts";
import { entriesOf, noFile } from "./own-files.ts";

/*
 * A pipe in the place of any file that git opens (a `.gitignore` in some folder, an object) has git wait without end. To look for one before
 * would cost every launch a walk over all folders; so git is let go, and who waits long looks for what it may be waiting for.
 */

/** After that long. */
const patienceMs = 2_000;
/** Folders that are looked through at most. */
const maxFolders = 200_000;

/** Work in which git reads a folder that may be anybody's: it is ended with words on the pipe that it waits for. */
export async function watchingForPipes<T>(
  directory: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const found = new AbortController();
  const done = new AbortController();
  const looking = setTimeout(patienceMs, undefined, { signal: done.signal, ref: false })
    .then(() => pipeIn(directory, done.signal))
    .catch(() => undefined)
    .then((pipe) => {
      if (pipe !== undefined) found.abort();
      return pipe;
    });
  try {
    return await work(AbortSignal.any([signal, found.signal]));
  } catch (error) {
    const pipe = found.signal.aborted && !signal.aborted ? await looking : undefined;
    throw pipe === undefined ? error : noFile(pipe);
  } finally {
    done.abort();
  }
}

type Folder = {
  readonly path: string;
  /** Within a git directory, of which every file may be read. */ readonly isGit: boolean;
};

const readInWorkTree: ReadonlySet<string> = new Set([
  ".gitignore",
  ".gitattributes",
  ".gitmodules",
  ".mailmap",
  ".git",
]);

/** Looks through a checkout's files and its git directory for a pipe or a device that git may be reading. */
async function pipeIn(directory: string, signal: AbortSignal): Promise<string | undefined> {
  const start = (await realPathOf(directory)) ?? directory;
  const place = await findGitPlace(start);
  const toplevel = place?.toplevel ?? start;
  const elsewhere = place === undefined ? [] : [...new Set([place.gitDirectory, place.commonDirectory])];
  const folders: Folder[] = [...elsewhere.map((path) => ({ path, isGit: true })), { path: toplevel, isGit: false }];
  for (let at = 0; at < folders.length && at < maxFolders && !signal.aborted; at++) {
    const folder = folders[at];
    if (folder === undefined) break;
    for (const entry of await entriesOf(folder.path).catch(() => [])) {
      const path = join(folder.path, entry.name);
      const isGit = folder.isGit || entry.name === ".git";
      if (entry.isDirectory() && !elsewhere.includes(path)) folders.push({ path, isGit });
      if (entry.isFile() || entry.isDirectory() || !(isGit || readInWorkTree.has(entry.name))) continue;
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isFIFO() === true || stats?.isCharacterDevice() === true) return path;
    }
  }
  return undefined;
}
