import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isFileMissing, systemCode } from "../errors.ts";

const blockBytes = 512;

/** What a file or a folder takes on the disk. What can't be read, lies deeper than a path can name, or goes meanwhile, counts nothing; links are not followed. */
export async function sizeOf(path: string): Promise<number> {
  try {
    const stats = await lstat(path);
    const own = stats.blocks * blockBytes;
    if (!stats.isDirectory()) return own;
    let total = own;
    // One after another: an environment has tens of thousands of files.
    for (const name of await readdir(path)) total += await sizeOf(join(path, name));
    return total;
  } catch (error) {
    if (isFileMissing(error) || ["EACCES", "ENAMETOOLONG"].includes(systemCode(error) ?? "")) return 0;
    throw error;
  }
}
