import { randomUUID } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { type ScratchRepository, scratchGit } from "./repository.ts";

export type TreeEntry = {
  readonly kind: "file" | "executable" | "symlink" | "submodule";
  readonly hash: string;
  /** From the tree's root. */
  readonly path: string;
};

const kinds: Readonly<Record<string, TreeEntry["kind"]>> = {
  "100644": "file",
  "100664": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
};

/** Parses `git ls-tree -r -z`. */
export function parseTree(listing: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const line of listing.toString().split("\0")) {
    const tab = line.indexOf("\t");
    const [mode = "", , hash = ""] = line.slice(0, tab).split(" ");
    const kind = kinds[mode];
    if (tab !== -1 && kind !== undefined) entries.push({ kind, hash, path: line.slice(tab + 1) });
  }
  return entries;
}

export async function listTree(
  repository: ScratchRepository,
  tree: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> {
  return parseTree(
    await scratchGit(repository, {
      args: ["ls-tree", "-r", "-z", "--full-tree", tree],
      doing: `listing the tree ${tree.slice(0, 12)}`,
      signal,
    }),
  );
}

/** Paths whose entries differ, in the order of names: what `git diff-tree -r --name-only --no-renames` says. */
export function differingPaths(before: readonly TreeEntry[], after: readonly TreeEntry[]): readonly string[] {
  const lineOf = ({ kind, hash, path }: TreeEntry): string => `${kind} ${hash} ${path}`;
  const [old, now] = [new Set(before.map(lineOf)), new Set(after.map(lineOf))];
  const changed = [
    ...before.filter((entry) => !now.has(lineOf(entry))),
    ...after.filter((entry) => !old.has(lineOf(entry))),
  ];
  return [...new Set(changed.map(({ path }) => path))].sort();
}

/** Contents of objects by their hashes, in one process. A hash that is not there is left out. */
export async function readObjects(
  repository: ScratchRepository,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  if (hashes.length === 0) return contents;
  const output = await scratchGit(repository, {
    args: ["cat-file", "--batch"],
    doing: "reading files from git's objects",
    signal,
    input: hashes.map((hash) => `${hash}\n`).join(""),
  });
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0x0a, at);
    const [hash = "", type, size] = output.subarray(at, end).toString().split(" ");
    at = end + 1;
    if (type === "missing" || size === undefined) continue;
    contents.set(hash, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

/** Sizes of objects by their hashes, without reading them. */
export async function sizesOf(
  repository: ScratchRepository,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const output = await scratchGit(repository, {
    args: ["cat-file", "--batch-check=%(objectname) %(objectsize)"],
    doing: "reading the sizes of files",
    signal,
    input: hashes.map((hash) => `${hash}\n`).join(""),
  });
  const sizes = new Map<string, number>();
  for (const line of output.toString().split("\n")) {
    const [hash = "", size = ""] = line.split(" ");
    if (/^\d+$/.test(size)) sizes.set(hash, Number(size));
  }
  return sizes;
}

type IndexEnvironment = Readonly<Record<string, string>>;

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
  tree: string,
  signal: AbortSignal,
  use: (env: IndexEnvironment) => Promise<T>,
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
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const output = await scratchGit(repository, { args: ["write-tree"], doing: "hashing the tree", signal, env });
  return output.toString().trim();
}

/** A tree with folders put in where it names submodules; `folders` maps a path to the tree that goes there. */
export function graft(
  repository: ScratchRepository,
  tree: string,
  folders: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string> {
  return withIndex(repository, tree, signal, async (env) => {
    // Mode 0 removes. Listings are handed on as bytes: a name need not be UTF-8.
    const lines = [...folders.keys()].map((path) => Buffer.from(`0 ${"0".repeat(tree.length)}\t${path}\0`));
    for (const [path, folder] of folders) {
      const listing = await scratchGit(repository, {
        args: ["ls-tree", "-r", "-z", "--full-tree", folder],
        doing: `listing the submodule ${path}`,
        signal,
      });
      const prefix = Buffer.from(path).toString("latin1");
      lines.push(
        Buffer.from(
          listing.toString("latin1").replace(/\t([^\0]*\0)/g, (_, name) => `\t${prefix}/${String(name)}`),
          "latin1",
        ),
      );
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
  });
}

/**
 * Writes a tree's files into an empty directory, modes and symlinks kept, bytes exactly as git holds them. Git's index refuses
 * paths that leave the directory or enter a `.git`, and never writes through a symlink.
 */
export async function exportTree(
  repository: ScratchRepository,
  tree: string,
  directory: string,
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
