import { isUtf8 } from "node:buffer";
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { messageOf, shortPath } from "../core/errors.ts";
import { hold, type HeldEntry } from "../core/folders/held.ts";
import type { Log } from "../core/output/log.ts";
import { say } from "../core/output/said.ts";

/** Set-user-id, set-group-id; of a folder also that of a shared one. */
const special = 0o7000;
const writableByOthers = 0o022;

/** Problems that are told one by one. */
const maxTold = 5;
/** Entries that are changed before others have their turn. */
const together = 32;
/** Of a path below the folder; the system takes none that is much longer. The folders on the way to an entry are held, too. */
const longestPath = 4_000;

type Found = { readonly files: string[]; readonly problems: string[] };

/**
 * Makes what a run has left below a folder this user's alone: no file with which others could become its owner, none that they may write,
 * and none that this user can't read or remove. Returns the paths of the regular files, sorted. Links and what is no file are left as they
 * are, and not opened. Something of the run may still be there and put links in their place: each entry is held, and none is followed.
 */
export async function takeOver(folder: HeldEntry, log: Log): Promise<readonly string[]> {
  const found: Found = { files: [], problems: [] };
  await takeFolder(folder, "", found);
  const { files, problems } = found;
  for (const problem of problems.slice(0, maxTold)) log.warning(say`of the run's outputs: ${problem}`);
  if (problems.length > maxTold) log.warning(say`of the run's outputs: ${problems.length - maxTold} more such`);
  return files.sort();
}

async function takeFolder(folder: HeldEntry, path: string, found: Found): Promise<void> {
  let entries: readonly Dirent<Buffer>[];
  try {
    own(folder, 0o700);
    entries = await readdir(folder.path, { withFileTypes: true, encoding: "buffer" });
  } catch (error) {
    found.problems.push(problemAt(path, error));
    return;
  }
  for (const [index, entry] of entries.entries()) {
    if (entry.isFile() || entry.isDirectory()) await takeEntry({ folder, path, name: entry.name }, found);
    if (index % together === together - 1) await setImmediate();
  }
}

type Place = { readonly folder: HeldEntry; readonly path: string; readonly name: Buffer };

/** What it is counts, not what it was when it was listed. */
async function takeEntry({ folder, path: above, name }: Place, found: Found): Promise<void> {
  const path = above === "" ? name.toString() : `${above}/${name.toString()}`;
  try {
    const entry = hold(Buffer.concat([Buffer.from(`${folder.path}/`), name]));
    try {
      if (entry.stats.isFile()) {
        if (isUtf8(name)) found.files.push(path);
        else found.problems.push(`${shortPath(path)} has a name that is no text, and is not in the record`);
        own(entry, 0o400);
      } else if (entry.stats.isDirectory()) {
        if (Buffer.byteLength(path) <= longestPath) await takeFolder(entry, path, found);
        else found.problems.push(`${shortPath(path)} lies too deep, and nothing in it is in the record`);
      }
    } finally {
      entry.close();
    }
  } catch (error) {
    found.problems.push(problemAt(path, error));
  }
}

/** A system's message ends with what was called, and the name that the entry is held by. */
function problemAt(path: string, error: unknown): string {
  const [what = ""] = messageOf(error).split(", ");
  return path === "" ? what : `${shortPath(path)}: ${what}`;
}

function own(entry: HeldEntry, needed: number): void {
  const { mode, uid, gid } = entry.stats;
  const us = process.getuid?.();
  // Root alone can; what a container's user has left is made another launcher's by its resource.
  if (us === 0 && uid !== 0) entry.chown(us, process.getgid?.() ?? gid);
  const wanted = (mode & 0o777 & ~writableByOthers) | needed;
  if ((mode & (0o777 | special)) !== wanted) entry.chmod(wanted);
}
