import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isFileMissing } from "../core/errors.ts";
import { realPathOf } from "../core/folders/real-path.ts";

/**
 * Whether a repository on this machine is this user's alone to write; one that isn't there will be. Since nobody else can enter a folder that
 * it is in, or by its own permissions, where nobody else can put another in its place. Wherever links lead: others come by another way.
 */
export async function isOwnStore(path: string): Promise<boolean> {
  const real = await realPlaceOf(path);
  const way = await Promise.all(foldersAbove(real).map(statsOf));
  const own = await statsOf(real);
  if ([own, ...way].some((stats) => stats !== undefined && isOurs(stats) && (stats.mode & 0o077) === 0)) return true;
  if (!way.every((stats) => stats === undefined || isSteady(stats))) return false;
  const places = ["", "HEAD", "refs", "objects", ".git", ".git/refs", ".git/objects"];
  const found = await Promise.all(places.map((name) => statsOf(join(real, name))));
  return found.every((stats) => stats === undefined || (isOurs(stats) && (stats.mode & 0o022) === 0));
}

/** Where it is, or will be. */
async function realPlaceOf(path: string): Promise<string> {
  const real = await realPathOf(path);
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realPlaceOf(dirname(path)), basename(path));
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

/** Nobody else can rename what is another's in it. */
function isSteady(stats: Stats): boolean {
  const isSticky = (stats.mode & 0o1000) !== 0;
  return (isOurs(stats) || stats.uid === 0) && (isSticky || (stats.mode & 0o022) === 0);
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
