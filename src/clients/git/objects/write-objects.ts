import { randomBytes } from "node:crypto";
import { link, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isFileMissing, systemCode } from "../../../core/errors.ts";
import { gitOrThrow } from "../git.ts";
import { inRepository, type Repository } from "../repository.ts";
import { looseFile, looseName, type NewObject, packOf } from "./object-format.ts";
import { writeNamed } from "../../../core/folders/write-named.ts";

/** Writes objects into the repository by one process: git checks each, names it by itself, and skips what is there. */
export async function writeObjects(
  repository: Repository,
  objects: readonly NewObject[],
  signal: AbortSignal,
): Promise<void> {
  const args = ["unpack-objects", "-q"];
  const input = await packOf(repository.format, objects);
  const doing = `writing into ${repository.directory}`;
  await gitOrThrow(inRepository(repository, { args, doing, input, signal }), "store-failed");
}

/**
 * Writes objects as files, as git does, without a process and without waiting for the disk: for a copy of what is elsewhere too. An object
 * appears under its name whole or not at all.
 */
export async function writeLooseObjects(repository: Repository, objects: readonly NewObject[]): Promise<void> {
  await Promise.all(objects.map((object) => writeLoose(repository, object)));
}

async function writeLoose({ directory }: Repository, object: NewObject): Promise<void> {
  const path = join(directory, "objects", looseName(object.id));
  if (await isThere(path)) return;
  const data = await looseFile(object);
  // git's own name for a half-written object: its garbage collection removes what a killed process leaves.
  const draft = join(dirname(path), `tmp_obj_${randomBytes(6).toString("hex")}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeNamed(draft, data, { mode: 0o444, flag: "wx" });
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
