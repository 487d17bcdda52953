import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { isFileMissing, messageOf } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import { say } from "../core/output/said.ts";

/** Set-user-id, set-group-id; of a folder also that of a shared one. */
const special = 0o7000;
const writableByOthers = 0o022;

/** Problems that are told one by one. */
const maxTold = 5;

/**
 * Makes what a run has left below a folder this user's alone: no file with which others could become its owner, none that they may write,
 * and none that this user can't read or remove. Returns the paths of the regular files, sorted; undefined where there is no folder. Links
 * and what is no file are left as they are, and not opened.
 */
export async function takeOver(directory: string, log: Log): Promise<readonly string[] | undefined> {
  const files: string[] = [];
  const problems: string[] = [];
  const left = [directory];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    try {
      await own(folder, 0o700);
      for (const entry of await readdir(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) left.push(path);
        if (!entry.isFile()) continue;
        files.push(relative(directory, path));
        await own(path, 0o400).catch((error: unknown) => problems.push(messageOf(error)));
      }
    } catch (error) {
      if (folder === directory && isFileMissing(error)) return undefined;
      problems.push(messageOf(error));
    }
  }
  for (const problem of problems.slice(0, maxTold)) log.warning(say`of the run's outputs: ${problem}`);
  if (problems.length > maxTold) log.warning(say`of the run's outputs: ${problems.length - maxTold} more such`);
  return files.sort();
}

async function own(path: string, needed: number): Promise<void> {
  const { mode, uid, gid } = await lstat(path);
  const us = process.getuid?.();
  // Root alone can; what a container's user has left is made another launcher's by its resource.
  if (us === 0 && uid !== 0) await lchown(path, us, process.getgid?.() ?? gid);
  const wanted = (mode & 0o777 & ~writableByOthers) | needed;
  if ((mode & (0o777 | special)) !== wanted) await chmod(path, wanted);
}
