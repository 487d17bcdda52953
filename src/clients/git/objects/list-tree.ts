import { gitOrThrow } from "../git.ts";
import { inRepository, type Repository } from "../repository.ts";
import { nameText } from "./tree-format.ts";

/*
 * A tree with all that is below it, as git lists it in one process (https://git-scm.com/docs/git-ls-tree). One level, from the object
 * itself: tree-format.ts.
 */
export type ListedEntry = {
  readonly kind: "file" | "executable" | "symlink" | "submodule";
  readonly hash: string;
  /** From the tree's root. */
  readonly path: string;
};

const kinds: Readonly<Record<string, ListedEntry["kind"]>> = {
  "100644": "file",
  "100664": "file",
  "100755": "executable",
  "120000": "symlink",
  "160000": "submodule",
};

/** What makes git list a tree. */
export const listingWords = ["ls-tree", "-r", "-z", "--full-tree"] as const;

/** Listings of big repositories are longer than a tool's usual output. */
export const maxListingBytes = 512 * 1024 * 1024;

type ListedLine = { readonly mode: string; readonly type: string; readonly id: string; readonly rawPath: string };

function* linesOf(listing: Buffer): Generator<ListedLine, undefined> {
  for (const line of listing.toString("latin1").split("\0")) {
    const tab = line.indexOf("\t");
    const [mode = "", type = "", id = ""] = line.slice(0, tab).split(" ");
    if (tab !== -1) yield { mode, type, id, rawPath: line.slice(tab + 1) };
  }
}

export function parseListing(listing: Buffer): readonly ListedEntry[] {
  const entries: ListedEntry[] = [];
  for (const { mode, id, rawPath } of linesOf(listing)) {
    const kind = kinds[mode];
    if (kind !== undefined) entries.push({ kind, hash: id, path: nameText(rawPath) });
  }
  return entries;
}

export async function listTree(
  repository: Repository,
  tree: string,
  signal: AbortSignal,
): Promise<readonly ListedEntry[]> {
  return parseListing(await listing(repository, tree, signal));
}

/** What a tree lists, below a folder, as `git update-index --index-info` takes it. As bytes: a name need not be UTF-8. */
export async function indexInfo(
  repository: Repository,
  { tree, folder }: { readonly tree: string; readonly folder: string },
  signal: AbortSignal,
): Promise<Buffer> {
  const prefix = Buffer.from(folder).toString("latin1");
  const lines = [...linesOf(await listing(repository, tree, signal))];
  const texts = lines.map(({ mode, type, id, rawPath }) => `${mode} ${type} ${id}\t${prefix}/${rawPath}\0`);
  return Buffer.from(texts.join(""), "latin1");
}

function listing(repository: Repository, tree: string, signal: AbortSignal): Promise<Buffer> {
  const request = {
    args: [...listingWords, tree],
    doing: `listing the tree ${tree.slice(0, 12)}`,
    maxOutputBytes: maxListingBytes,
    signal,
  };
  return gitOrThrow(inRepository(repository, request), "source-failed");
}

/** Paths whose entries differ, in the order of names: what `git diff-tree -r --name-only --no-renames` says. */
export function differingPaths(before: readonly ListedEntry[], after: readonly ListedEntry[]): readonly string[] {
  const lineOf = ({ kind, hash, path }: ListedEntry): string => `${kind} ${hash} ${path}`;
  const [old, now] = [new Set(before.map(lineOf)), new Set(after.map(lineOf))];
  const changed = [
    ...before.filter((entry) => !now.has(lineOf(entry))),
    ...after.filter((entry) => !old.has(lineOf(entry))),
  ];
  return [...new Set(changed.map(({ path }) => path))].sort();
}
