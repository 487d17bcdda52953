import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { isFileMissing } from "../errors.ts";
import { namesIn } from "./names.ts";

/** What is in a folder and has not changed since; nothing where the folder is not there. */
export async function oldIn(folder: string, before: number): Promise<readonly string[]> {
  const old: string[] = [];
  for (const name of await namesIn(folder)) if (await isOld(join(folder, name), before)) old.push(name);
  return old;
}

async function isOld(path: string, before: number): Promise<boolean> {
  try {
    return (await lstat(path)).mtimeMs < before;
  } catch (error) {
    if (isFileMissing(error)) return false;
    throw error;
  }
}
