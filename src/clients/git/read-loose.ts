import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import type { ObjectFormat, ReadObject, Repository } from "./objects.ts";

/*
 * Reads objects that are files of their own (https://git-scm.com/docs/gitrepository-layout), as those are that we wrote or fetched a few of,
 * without a process: starting git takes longer than the files do.
 */
const inflated = promisify(inflate);

type Loose = { readonly type: string; readonly content: Buffer };

/** `absent`: the tree that was asked has no such file. */
export type LooseObject = ReadObject | "absent";

/** A commit or a tree of ours is a few hundred bytes. */
const maxPathBytes = 256 * 1024;
/** A type, a length and the NUL behind them. */
const headBytes = 64;

/** Undefined is whatever is not to be had so: packed, missing, damaged, too long. git is asked for that. */
export async function readLooseObjects(
  { directory, format }: Repository,
  revisions: readonly string[],
  maxBytes: number,
): Promise<readonly (LooseObject | undefined)[]> {
  const known = new Map<string, Promise<Loose | undefined>>();
  const onTheWay = (id: string): Promise<Loose | undefined> => {
    const found = known.get(id) ?? readLoose(directory, id, maxPathBytes);
    known.set(id, found);
    return found;
  };
  const readOne = async (revision: string): Promise<LooseObject | undefined> => {
    const [, start = "", path] = /^([0-9a-f]{40,64})(?::(.+))?$/.exec(revision) ?? [];
    if (start === "") return undefined;
    let id = start;
    for (const name of path?.split("/") ?? []) {
      const tree = await treeAt(id, onTheWay);
      if (tree === undefined) return undefined;
      const entry = entryIn(format, tree, name);
      if (entry === undefined) return "absent";
      id = entry;
    }
    const loose = await readLoose(directory, id, maxBytes);
    return loose === undefined ? undefined : { id, ...loose };
  };
  return Promise.all(revisions.map(readOne));
}

/** The content of a tree, or of a commit's. */
async function treeAt(id: string, read: (id: string) => Promise<Loose | undefined>): Promise<Buffer | undefined> {
  const object = await read(id);
  if (object?.type === "tree") return object.content;
  if (object?.type !== "commit") return undefined;
  const [, tree = ""] = /^tree ([0-9a-f]+)$/m.exec(object.content.toString("latin1")) ?? [];
  const found = await read(tree);
  return found?.type === "tree" ? found.content : undefined;
}

function entryIn(format: ObjectFormat, tree: Buffer, name: string): string | undefined {
  const idBytes = format === "sha1" ? 20 : 32;
  for (let at = 0; at < tree.length;) {
    const end = tree.indexOf(0, at);
    if (end === -1) return undefined;
    const next = end + 1 + idBytes;
    if (tree.toString("utf8", tree.indexOf(" ", at) + 1, end) === name) return tree.toString("hex", end + 1, next);
    at = next;
  }
  return undefined;
}

async function readLoose(directory: string, id: string, maxBytes: number): Promise<Loose | undefined> {
  try {
    const data = await readFile(join(directory, "objects", id.slice(0, 2), id.slice(2)));
    const whole = await inflated(data, { maxOutputLength: maxBytes + headBytes });
    const end = whole.indexOf(0);
    const [, type, size] = /^(blob|commit|tree) (\d+)$/.exec(whole.toString("latin1", 0, end)) ?? [];
    const content = whole.subarray(end + 1);
    return type === undefined || content.length !== Number(size) || content.length > maxBytes
      ? undefined
      : { type, content };
  } catch {
    return undefined;
  }
}
