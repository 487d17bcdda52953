import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import { isFileMissing } from "../errors.ts";

/* Where a path leads, and what lies below what: what may be read or mounted is decided by these. */

/** The path without links; undefined where nothing is. */
export async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

/** The same at once. */
export function realPathNow(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a path is a folder's own, or below it. Both are real paths. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
