import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { indexInfo } from "./objects/list-tree.ts";
import { type ScratchRepository, scratchGit } from "./scratch-repository.ts";

/* What git does with trees through an index, each time one of its own: put one into another, write one to disk. */

export type IndexEnvironment = Readonly<Record<string, string>>;

/** Gives `use` the name of an index file of its own, and removes the file after. */
async function withIndexFile<T>(repository: ScratchRepository, use: (env: IndexEnvironment) => Promise<T>): Promise<T> {
  const index = join(repository.directory, `index-${randomUUID()}`);
  try {
    return await use({ GIT_INDEX_FILE: index });
  } finally {
    await rm(index, { force: true });
  }
}

/** Gives `use` an index file of its own that holds `tree`, and removes it after. */
export function withIndex<T>(
  repository: ScratchRepository,
  { tree, use }: { readonly tree: string; readonly use: (env: IndexEnvironment) => Promise<T> },
  signal: AbortSignal,
): Promise<T> {
  return withIndexFile(repository, async (env) => {
    await scratchGit(repository, {
      args: ["read-tree", tree],
      doing: `reading the tree ${tree.slice(0, 12)}`,
      signal,
      env,
    });
    return use(env);
  });
}

export async function writeTree(
  repository: ScratchRepository,
  env: IndexEnvironment,
  signal: AbortSignal,
): Promise<string> {
  const output = await scratchGit(repository, { args: ["write-tree"], doing: "hashing the tree", signal, env });
  return output.toString().trim();
}

/** A tree with folders put in where it names submodules; `folders` maps a path to the tree that goes there. */
export function graft(
  repository: ScratchRepository,
  { tree, folders }: { readonly tree: string; readonly folders: ReadonlyMap<string, string> },
  signal: AbortSignal,
): Promise<string> {
  const use = async (env: IndexEnvironment): Promise<string> => {
    // Mode 0 removes.
    const lines: Buffer[] = [...folders.keys()].map((path) => Buffer.from(`0 ${"0".repeat(tree.length)}\t${path}\0`));
    for (const [path, folder] of folders) {
      lines.push(await indexInfo(repository, { tree: folder, folder: path }, signal));
    }
    // Unlike read-tree --prefix, --index-info needs no work tree.
    await scratchGit(repository, {
      args: ["update-index", "-z", "--index-info"],
      doing: "replacing submodules by their files",
      signal,
      env,
      input: Buffer.concat(lines),
    });
    return writeTree(repository, env, signal);
  };
  return withIndex(repository, { tree, use }, signal);
}

/**
 * Writes a tree's files into an empty directory, modes and symlinks kept, bytes exactly as git holds them. Git's index refuses
 * paths that leave the directory or enter a `.git`, and never writes through a symlink.
 */
export async function exportTree(
  repository: ScratchRepository,
  { tree, directory }: { readonly tree: string; readonly directory: string },
  signal: AbortSignal,
): Promise<void> {
  const [first] = await readdir(directory);
  if (first !== undefined) {
    throw new LaunchError("source-failed", `exporting to ${directory}: it holds "${first}"; an empty folder is needed`);
  }
  await withIndexFile(repository, (env) =>
    scratchGit(repository, {
      args: ["-c", "core.bare=false", "-c", "checkout.workers=0", "read-tree", "--reset", "-u", tree],
      doing: `exporting the tree ${tree.slice(0, 12)} to ${directory}`,
      signal,
      cwd: directory,
      env: { ...env, GIT_WORK_TREE: directory },
      timeoutMs: 15 * 60_000,
    }),
  );
}
