import { readlinkSync, realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { isFileMissing, systemCode } from "../errors.ts";

/* Where a path leads, and what lies below what: what may be read or mounted is decided by these. */

/** Nothing is there: neither can it be at the end of a circle of links, or of a name longer than names are. */
const nowhere = (error: unknown): boolean =>
  isFileMissing(error) || ["ELOOP", "ENAMETOOLONG"].includes(systemCode(error) ?? "");

/** The path without links; undefined where nothing is. */
export async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (nowhere(error)) return undefined;
    throw error;
  }
}

/** The same at once. */
export function realPathNow(path: string): string | undefined {
  try {
    // The other one looks, and then reads what may be no link any more.
    return realpathSync.native(path);
  } catch (error) {
    if (nowhere(error)) return undefined;
    throw error;
  }
}

/** Whether a path is a folder's own, or below it. Both are real paths. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** As many links as Linux follows on one way. */
const maxLinks = 40;

/** The folders in which the names of an absolute path are looked up, links followed: who may write in one of them decides where it leads. */
function foldersOnTheWay(path: string): readonly string[] {
  const folders: string[] = [];
  const left = path.split(sep);
  let at: string = sep;
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = dirname(at);
      continue;
    }
    folders.push(at);
    const target = links < maxLinks ? linkAt(join(at, name)) : undefined;
    if (target === undefined) {
      at = join(at, name);
      continue;
    }
    links++;
    if (target.startsWith(sep)) at = sep;
    left.unshift(...target.split(sep));
  }
  return folders;
}

/**
 * The folder of these, where runs may write, in or below which a name of an absolute path is looked up: one of them could have the path lead
 * elsewhere. Undefined where none is.
 */
export function openOnTheWay(path: string, byRuns: readonly string[]): string | undefined {
  const folders = byRuns.map((folder) => resolve(folder));
  const below = (name: string) => folders.find((folder) => folder !== name && isInside(name, folder));
  const above = below(resolve(path));
  if (above !== undefined) return above;
  const way = foldersOnTheWay(path);
  return folders.find((folder) => {
    // What lies below another of them is what runs make of it.
    const real = below(folder) === undefined ? realPathNow(folder) : undefined;
    return real !== undefined && way.some((at) => isInside(at, real));
  });
}

/** The folders of a launch config that lie where it says, whatever runs do, and where that is. */
export function steadyFolders<Folder extends { readonly path: string }>(
  folders: readonly Folder[],
  byRuns: readonly string[],
): readonly (Folder & { readonly real: string })[] {
  return folders.flatMap((folder) => {
    const real = openOnTheWay(folder.path, byRuns) === undefined ? realPathNow(folder.path) : undefined;
    return real === undefined ? [] : [{ ...folder, real }];
  });
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    // EINVAL is of what is no link.
    if (nowhere(error) || systemCode(error) === "EINVAL") return undefined;
    throw error;
  }
}
