import { LaunchError } from "../../../core/errors.ts";
import type { ObjectFormat } from "../repository.ts";
import { newObject, type NewObject } from "./object-format.ts";

/*
 * One level of a tree, as an object has it: for each entry its mode in octal digits, a blank, the bytes of its name, a NUL, and its id in
 * binary, in the order of the names' bytes, where a folder's name counts as if it ended in a slash
 * (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects#_tree_objects, git's base_name_compare).
 */
export type TreeEntry = {
  /** As it is written: a tree that is made anew of what was read keeps the mode of each entry. */
  readonly mode: string;
  /** The name's bytes, each as a character: a name need not be UTF-8. */
  readonly name: string;
  readonly id: string;
};

const folderMode = "40000";

/** A text as names hold it. */
export const rawName = (text: string): string => Buffer.from(text).toString("latin1");

/** A name as a text, for people and for patterns. */
export const nameText = (raw: string): string =>
  /[\x80-\xff]/.test(raw) ? Buffer.from(raw, "latin1").toString() : raw;

export const fileEntry = (name: string, id: string): TreeEntry => ({ mode: "100644", name: rawName(name), id });
export const folderEntry = (name: string, id: string): TreeEntry => ({ mode: folderMode, name: rawName(name), id });

export function isFolder({ mode }: TreeEntry): boolean {
  return Number.parseInt(mode, 8) === 0o40000;
}

/** A plain file, whether it may be executed or not. */
export function isFile({ mode }: TreeEntry): boolean {
  return (Number.parseInt(mode, 8) & 0o170000) === 0o100000;
}

export function newTree(format: ObjectFormat, entries: readonly TreeEntry[]): NewObject {
  const order = (entry: TreeEntry): string => (isFolder(entry) ? `${entry.name}/` : entry.name);
  const sorted = entries.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  const parts = sorted.flatMap(({ mode, name, id }) => [
    Buffer.from(`${mode} ${name}\0`, "latin1"),
    Buffer.from(id, "hex"),
  ]);
  return newObject(format, "tree", Buffer.concat(parts));
}

/** A tree of plain files alone: name → blob. */
export function newFilesTree(format: ObjectFormat, files: Readonly<Record<string, string>>): NewObject {
  return newTree(
    format,
    Object.entries(files).map(([name, id]) => fileEntry(name, id)),
  );
}

/** The entries of a tree one by one, so that who looks for one need not read all. Throws `store-failed` where it is damaged. */
export function* treeEntries(
  format: ObjectFormat,
  { id: tree, content }: { readonly id: string; readonly content: Buffer },
): Generator<TreeEntry, undefined> {
  const idBytes = format === "sha1" ? 20 : 32;
  for (let at = 0; at < content.length;) {
    const blank = content.indexOf(" ", at);
    const end = content.indexOf(0, at);
    const next = end + 1 + idBytes;
    const mode = content.toString("latin1", at, blank);
    if (end === -1 || blank === -1 || blank > end || next > content.length || !/^[0-7]{5,6}$/.test(mode)) {
      throw new LaunchError("store-failed", `the tree ${tree} is damaged at byte ${at} of ${content.length}`);
    }
    const name = content.toString("latin1", blank + 1, end);
    yield { mode, name, id: content.toString("hex", end + 1, next) };
    at = next;
  }
}

/** The names of the folders in a tree; none of one that is damaged. */
export function folderNames(format: ObjectFormat, tree: Pick<NewObject, "id" | "content">): readonly string[] {
  const names: string[] = [];
  try {
    for (const entry of treeEntries(format, tree)) if (isFolder(entry)) names.push(nameText(entry.name));
  } catch (error) {
    if (error instanceof LaunchError) return [];
    throw error;
  }
  return names;
}
