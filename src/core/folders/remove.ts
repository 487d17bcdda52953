import { randomUUID } from "node:crypto";
import { chmod, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.ts";

/**
 * Removes a folder of a run, also where the run took its own folders' permissions away (as Go does with its module cache), and where it lies
 * deeper than a path can name.
 */
export async function removeFolder(folder: string): Promise<void> {
  // Every try after the first begins with folders that were moved.
  for (let tries = 0; ; tries++) {
    try {
      await rm(folder, { recursive: true, force: true });
      return;
    } catch (error) {
      const code = systemCode(error);
      if (code !== "EACCES" && code !== "EPERM" && code !== "ENAMETOOLONG") throw error;
      const moved = await openAndFlatten(folder);
      if (moved === 0 && tries > 0) throw error;
    }
  }
}

/** A path that is longer than its first folder's by this is moved up; a system takes paths of 1,024 bytes at least, and a name has up to 255. */
const longestBelow = 400;

/** Opens all folders, and moves those that lie deep up into the first one. Links are not followed: nothing outside is touched. */
async function openAndFlatten(folder: string): Promise<number> {
  let moved = 0;
  const left: string[] = [folder];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    let path = at;
    await chmod(path, 0o700);
    if (Buffer.byteLength(path) > Buffer.byteLength(folder) + longestBelow) {
      path = join(folder, randomUUID());
      await rename(at, path);
      moved++;
    }
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries) if (entry.isDirectory()) left.push(join(path, entry.name));
  }
  return moved;
}
