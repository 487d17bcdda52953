import { lstat, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../../core/errors.ts";
import { oldIn } from "../../core/folders/old.ts";
import { removeFolder } from "../../core/folders/remove.ts";
import { sizeOf } from "../../core/folders/size.ts";
import type { PrunedFolder, PruneRequest } from "../../core/pruning.ts";

/** Removes the Python environments that were made for runs, and that none has used since. */
export async function pruneEnvironments({
  before,
  dryRun,
  atWork,
  state,
}: PruneRequest): Promise<readonly PrunedFolder[]> {
  const parent = join(state.cache, "python");
  const removed: PrunedFolder[] = [];
  const old = await oldIn(parent, before.getTime());
  // A link `HASH` goes with the folder `HASH.…` that it names.
  for (const name of old.filter((each) => each.includes("."))) {
    const { starting, sinceMs } = await atWork();
    const folder = join(parent, name);
    const usedMs = await changedMs(folder);
    if (starting || usedMs >= sinceMs) continue;
    const bytes = await sizeOf(folder);
    if (dryRun || (await removeEnvironment(folder, usedMs))) removed.push({ name, bytes });
  }
  return removed;
}

/**
 * Takes the link away first: whoever finds an environment by it touches the folder and looks at the link again, so one that is chosen at
 * this moment is either touched before, and stays, or its chooser sees that the link is gone.
 */
async function removeEnvironment(folder: string, usedMs: number): Promise<boolean> {
  const link = join(dirname(folder), basename(folder).split(".")[0] ?? "");
  const linked = (await targetOf(link)) === basename(folder);
  if (linked) await rm(link, { force: true });
  if ((await changedMs(folder)) === usedMs) {
    await removeFolder(folder);
    return true;
  }
  // Another may have made a new one meanwhile.
  if (linked) await symlink(basename(folder), link).catch(ignoreTaken);
  return false;
}

function ignoreTaken(error: unknown): void {
  if (systemCode(error) !== "EEXIST") throw error;
}

async function targetOf(link: string): Promise<string | undefined> {
  return readlink(link).catch(() => undefined);
}

async function changedMs(path: string): Promise<number> {
  return (await lstat(path)).mtimeMs;
}
