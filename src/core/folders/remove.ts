import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.ts";

/** Removes a folder of a run, also where the run took its own folders' permissions away (as Go does with its module cache). */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    const code = systemCode(error);
    if (code !== "EACCES" && code !== "EPERM") throw error;
    await openFolders(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Links are not followed: nothing outside is touched. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}
