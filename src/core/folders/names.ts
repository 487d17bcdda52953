import { readdir } from "node:fs/promises";
import { isFileMissing } from "../errors.ts";

/** What is in a folder, by name; nothing where the folder is not there. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw error;
  }
}
