import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "../repository.ts";
import { looseName, type NewObject, parseCommit, parseLooseFile } from "./object-format.ts";
import { rawName, treeEntries } from "./tree-format.ts";

/*
 * Reads objects that are files of their own, as those are that we wrote or fetched a few of, without a process: starting git takes longer
 * than the files do.
 */

/** `absent`: the tree that was asked has no such file. */
export type LooseObject = NewObject | "absent";

/** A commit or a tree of ours is a few hundred bytes. */
const maxPathBytes = 256 * 1024;

type Read = (id: string) => Promise<NewObject | undefined>;

/** `<id>`, `<id>:<path>` with `<id>:` for the whole tree, `<id>^{tree}`. */
const revisionPattern = /^([0-9a-f]{40,64})(\^\{tree\}|:(.*))?$/s;

/** Undefined is whatever is not to be had so: packed, missing, damaged, too long. git is asked for that. */
export async function readLooseObjects(
  repository: Repository,
  revisions: readonly string[],
  limits: readonly number[],
): Promise<readonly (LooseObject | undefined)[]> {
  const known = new Map<string, Promise<NewObject | undefined>>();
  const onTheWay: Read = (id) => {
    const found = known.get(id) ?? readLoose(repository, id, maxPathBytes);
    known.set(id, found);
    return found;
  };
  const readOne = async (revision: string, at: number): Promise<LooseObject | undefined> => {
    const maxBytes = limits[at] ?? 0;
    const [, start, within, path = ""] = revisionPattern.exec(revision) ?? [];
    if (start === undefined) return undefined;
    if (within === undefined) return readLoose(repository, start, maxBytes);
    let tree = await treeAt(start, onTheWay);
    if (path === "") return tree === undefined || tree.content.length > maxBytes ? undefined : tree;
    const names = path.split("/");
    for (const [level, name] of names.entries()) {
      const id = tree === undefined ? undefined : entryIn(repository, tree, name);
      if (id === undefined || id === "absent") return id;
      if (level === names.length - 1) return readLoose(repository, id, maxBytes);
      tree = await treeAt(id, onTheWay);
    }
    return undefined;
  };
  return Promise.all(revisions.map(readOne));
}

/** The tree of this id, or that of the commit. */
async function treeAt(id: string, read: Read): Promise<NewObject | undefined> {
  const object = await read(id);
  if (object?.type !== "commit") return object?.type === "tree" ? object : undefined;
  const found = await read(parseCommit(object.content)?.tree ?? "");
  return found?.type === "tree" ? found : undefined;
}

function entryIn({ format }: Repository, tree: NewObject, name: string): string | undefined {
  const raw = rawName(name);
  try {
    for (const entry of treeEntries(format, tree)) if (entry.name === raw) return entry.id;
    return "absent";
  } catch {
    // git says what is wrong with it.
    return undefined;
  }
}

async function readLoose({ directory }: Repository, id: string, maxBytes: number): Promise<NewObject | undefined> {
  const path = join(directory, "objects", looseName(id));
  const data = await readShort(path, maxBytes).catch(() => undefined);
  const found = data === undefined ? undefined : await parseLooseFile(data, maxBytes);
  return found === undefined ? undefined : { id, ...found };
}

/** What deflate adds to what it can't make shorter, and more. */
const slackOf = (bytes: number): number => bytes / 64 + 1_024;

async function readShort(path: string, maxBytes: number): Promise<Buffer | undefined> {
  const { size } = await stat(path);
  return size > maxBytes + slackOf(maxBytes) ? undefined : readFile(path);
}
