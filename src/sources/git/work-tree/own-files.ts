import type { Dirent } from "node:fs";
import { readdir, readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isFileMissing, LaunchError } from "../../../core/errors.ts";
import { isInside, realPathOf } from "../../../core/folders/real-path.ts";
import { repositoryText } from "../repository-text.ts";

/*
 * Whether what git resolves in a git directory is that repository's own. A commit of another repository is named by its id, which nobody
 * knows who hasn't got it, or by a link: so no ref, and no file that says what is checked out, may be a link that leads outside. Objects may
 * be borrowed (`git clone --shared`, `--reference`): by themselves they name nothing, but a beginning of an id finds one among them.
 */

type Directories = { readonly gitDirectory: string; readonly commonDirectory: string };

/** What git itself, or we, read by name at a git directory's top. */
const isReadByName = (name: string): boolean =>
  /^(?:\w*HEAD|config|config\.worktree|index|sharedindex\..*|packed-refs|shallow|refs|reftable|objects)$/i.test(name);

/**
 * Throws `source-failed` for a ref that leads outside, and for a pipe or a device in the place of a file, for which git would wait without
 * end. The refs are listed, not read: that costs a small part of what git's own reading does.
 */
export async function checkOwnFiles({ gitDirectory, commonDirectory }: Directories): Promise<{
  /** Whether some of the objects are another repository's. */
  readonly borrows: boolean;
}> {
  const tops = [...new Set([gitDirectory, commonDirectory])];
  const roots = (await Promise.all(tops.map(realPathOf))).filter((root) => root !== undefined);
  const named = tops.map(async (top) => {
    const entries = (await entriesOf(top)).filter(({ name }) => isReadByName(name));
    await Promise.all(entries.map((entry) => checkOwn(entry, roots)));
  });
  await Promise.all(named);
  const below = ["refs", "reftable"].map(async (name) => {
    const entries = await entriesOf(join(commonDirectory, name), true);
    await Promise.all(entries.map((entry) => checkOwn(entry, roots, true)));
  });
  const [borrows] = await Promise.all([checkObjects(join(commonDirectory, "objects"), new Set()), ...below]);
  return { borrows };
}

/** What a folder has; nothing where there is none. */
export async function entriesOf(folder: string, recursive = false): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true, recursive });
  } catch (error) {
    if (isFileMissing(error)) return [];
    throw error;
  }
}

/** A file or a folder; a link may say which ref is meant, as git once wrote them, or lead to a file of the same repository. */
async function checkOwn(entry: Dirent, roots: readonly string[], mustBeFile = false): Promise<void> {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isSymbolicLink()) {
    checkKind(entry, path);
    return;
  }
  const target = await readlink(path).catch(() => "");
  if (namesRef(target)) return;
  const real = await realPathOf(path);
  if (real === undefined || !roots.some((root) => isInside(real, root))) throw leadsOutside(path, target);
  const stats = await stat(real);
  checkKind(stats, path);
  if (mustBeFile && !stats.isFile()) throw leadsOutside(path, target);
}

/** git takes the words of such a link for a ref's name, and doesn't follow it. */
export function namesRef(target: string): boolean {
  return target.startsWith("refs/") && !target.split("/").includes("..");
}

function checkKind(found: Pick<Dirent, "isFile" | "isDirectory" | "isSocket">, path: string): void {
  if (!found.isFile() && !found.isDirectory() && !found.isSocket()) throw noFile(path);
}

export function noFile(path: string): LaunchError {
  return new LaunchError("source-failed", `${path} is no file; remove it`);
}

function leadsOutside(path: string, target: string): LaunchError {
  return new LaunchError(
    "source-failed",
    `${path} is a link that leads to ${JSON.stringify(target)}: what it names may be another repository's; remove it, or put a file in its place`,
  );
}

/** Lists what git opens of an object directory and of those that it borrows from; returns whether it borrows any. */
async function checkObjects(objects: string, seen: Set<string>): Promise<boolean> {
  if (seen.has(objects) || seen.size > maxLenders) return false;
  seen.add(objects);
  const [top, ...listed] = await Promise.all([
    entriesOf(objects),
    ...["info", "info/commit-graphs", "pack"].map((name) => entriesOf(join(objects, name))),
  ]);
  await Promise.all(
    listed.flat().map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const stats = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
      if (stats !== undefined) checkKind(stats, path);
    }),
  );
  const lenders = listed.flat().some(({ name }) => name.toLowerCase() === "alternates") ? await lendersOf(objects) : [];
  await Promise.all(lenders.map((lender) => checkObjects(lender, seen)));
  return lenders.length > 0 || [...top, ...listed.flat()].some((entry) => entry.isSymbolicLink());
}

const maxLenders = 100;

/** https://git-scm.com/docs/gitrepository-layout, objects/info/alternates. */
async function lendersOf(objects: string): Promise<readonly string[]> {
  const text = (await repositoryText(join(objects, "info/alternates"))) ?? "";
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return lines.map((line) => resolve(objects, line.replace(/^"(.*)"$/, "$1").replace(/\\(["\\])/g, "$1")));
}
