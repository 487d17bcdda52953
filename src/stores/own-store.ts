import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isFileMissing } from "../core/errors.ts";

/**
 * Whether a repository on this machine is this user's alone to write; one that isn't there will be. By its own permissions, or since
 * nobody else can enter a folder that it is in.
 */
export async function isOwnStore(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const stats = await statsOf(at);
    if (stats !== undefined && isOurs(stats) && (stats.mode & 0o077) === 0) return true;
    if (dirname(at) === at) break;
  }
  const places = ["", "HEAD", "refs", "objects", ".git", ".git/refs", ".git/objects"];
  const found = await Promise.all(places.map((name) => statsOf(join(path, name))));
  return found.every((stats) => stats === undefined || (isOurs(stats) && (stats.mode & 0o022) === 0));
}

function isOurs({ uid }: Stats): boolean {
  return uid === process.getuid?.();
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}
