import { randomBytes } from "node:crypto";
import { link, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { isFileMissing, systemCode } from "../../core/errors.ts";
import type { NewObject, Repository } from "./objects.ts";

const deflated = promisify(deflate);

/**
 * Writes objects as files, as git does (https://git-scm.com/docs/gitrepository-layout), without a process and without waiting for the
 * disk: for a copy of what is elsewhere too. An object appears under its name whole or not at all.
 */
export async function writeLooseObjects(repository: Repository, objects: readonly NewObject[]): Promise<void> {
  await Promise.all(objects.map((object) => writeLoose(repository, object)));
}

async function writeLoose({ directory }: Repository, { type, id, content }: NewObject): Promise<void> {
  const path = join(directory, "objects", id.slice(0, 2), id.slice(2));
  if (await isThere(path)) return;
  const head = Buffer.from(`${type} ${content.length}\0`);
  const data = await deflated(Buffer.concat([head, content]));
  // git's own name for a half-written object: its garbage collection removes what a killed process leaves.
  const draft = join(dirname(path), `tmp_obj_${randomBytes(6).toString("hex")}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(draft, data, { mode: 0o444, flag: "wx" });
    await link(draft, path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** An empty file is what a power cut leaves of one that was never synced. */
async function isThere(path: string): Promise<boolean> {
  try {
    const { size } = await stat(path);
    if (size > 0) return true;
    await rm(path, { force: true });
    return false;
  } catch (error) {
    if (isFileMissing(error)) return false;
    throw error;
  }
}
