import { LaunchError } from "../../../core/errors.ts";
import type { Repository } from "../repository.ts";
import { type BatchAnswer, catFile } from "./cat-file.ts";
import { type NewObject, parseCommit } from "./object-format.ts";
import { readLooseObjects } from "./read-loose.ts";
import { isFolder, rawName, type TreeEntry, treeEntries } from "./tree-format.ts";

export type ReadObject = NewObject;

/** What is read, and how long each object may be. */
export type ReadRequest = {
  readonly revisions: readonly string[];
  /** For all of them, or for each: what is longer isn't read. */
  readonly maxBytes: number | readonly number[];
  /** A few objects are not looked for in packs: they are new, and hardly here. */
  readonly filesOnly?: boolean;
};

/** So many are read as files: for more, one process is quicker. */
const maxFiles = 16;

/** So many are small enough to be taken together before their sizes are known. */
const maxTogether = 8;
const maxBytesTogether = 16 * 1024 * 1024;

/** So much is held at once. */
const maxBytesAtOnce = 64 * 1024 * 1024;

/** The same of what is read in parts: they may be read many times, and all is held twice for a moment. */
const maxBytesInPart = 2 * 1024 * 1024;

/**
 * Reads objects by revision (`<commit>:run.json`): a few from their own files, the rest in two processes however many there are, and in one
 * where they are few. What is missing, damaged or too long is undefined: one bad object never hides the others.
 */
export async function readObjects(
  repository: Repository,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[]> {
  const { revisions, filesOnly = false } = request;
  const few = revisions.length <= maxFiles;
  const limits = limitsOf(request);
  const files = few ? await readLooseObjects(repository, revisions, limits) : [];
  if (few && filesOnly) return files.map((file) => (file === "absent" ? undefined : file));
  const rest = revisions.flatMap((revision, index) =>
    files[index] === undefined ? [{ revision, limit: limits[index] ?? 0 }] : [],
  );
  const others = rest.length === 0 ? [] : await readByGit(repository, rest, signal);
  let next = 0;
  return revisions.map((_revision, index) => {
    const file = files[index];
    if (file === undefined) return others[next++];
    return file === "absent" ? undefined : file;
  });
}

/** Of how many revisions something is made, and what: of very many objects only what is made of them is kept. */
export type Making<T> = {
  readonly each: number;
  readonly make: (objects: readonly (ReadObject | undefined)[], index: number) => T;
};

/** Reads as many objects as there are, some at a time, and gives what is made of each few of them that stand together. */
export async function readInParts<T>(
  repository: Repository,
  request: ReadRequest & Making<T>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const { revisions, each, make } = request;
  const groups = Array.from({ length: Math.ceil(revisions.length / each) }, (_, index) => index * each);
  if (revisions.length <= maxFiles) {
    const objects = await readObjects(repository, request, signal);
    return groups.map((start, index) => make(objects.slice(start, start + each), index));
  }
  const limits = limitsOf(request);
  const wanted = revisions.map((revision, index) => ({ revision, limit: limits[index] ?? 0 }));
  const heads = await readShortHeads(repository, wanted, signal);
  const made: T[] = [];
  while (made.length < groups.length) {
    const sizes = new Map<string, number>();
    let sum = 0;
    let end = made.length;
    for (; end < groups.length; end++) {
      const own = heads.slice(end * each, (end + 1) * each).filter((head) => head !== undefined);
      sum += own.reduce((bytes, { size }) => bytes + size, 0);
      if (sum > maxBytesInPart && end > made.length) break;
      for (const { id, size } of own) sizes.set(id, size);
    }
    const contents = await readSized(repository, sizes, signal);
    while (made.length < end) {
      const own = heads.slice(made.length * each, (made.length + 1) * each);
      const objects = own.map((head) => (head === undefined ? undefined : contents.get(head.id)));
      made.push(make(objects, made.length));
    }
  }
  return made;
}

function limitsOf({ revisions, maxBytes }: ReadRequest): readonly number[] {
  return typeof maxBytes === "number" ? revisions.map(() => maxBytes) : maxBytes;
}

type Wanted = { readonly revision: string; readonly limit: number };

async function readByGit(
  repository: Repository,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[]> {
  if (wanted.length <= maxTogether) {
    const found = await readTogether(repository, wanted, signal);
    if (found !== undefined) return found;
  }
  const heads = await readShortHeads(repository, wanted, signal);
  const contents = await readSized(repository, shortest(heads.filter((head) => head !== undefined)), signal);
  return heads.map((head) => (head === undefined ? undefined : contents.get(head.id)));
}

/** What each object is; undefined for what is missing or too long. */
async function readShortHeads(
  repository: Repository,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<readonly (BatchAnswer | undefined)[]> {
  const revisions = wanted.map(({ revision }) => revision);
  const heads = await readHeads(repository, revisions, signal);
  return heads.map((head, index) =>
    head !== undefined && head.size <= (wanted[index]?.limit ?? 0) ? head : undefined,
  );
}

/** Objects by their ids, whose sizes are known. */
async function readSized(
  repository: Repository,
  sizes: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadObject>> {
  const contents = new Map<string, ReadObject>();
  let rest = [...sizes.keys()];
  while (rest.length > 0) {
    const maxContentBytes = rest.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
    const { answers } = await catFile({ repository, mode: "batch", revisions: rest, maxContentBytes }, signal);
    for (const object of answers) if (object !== undefined) contents.set(object.id, object);
    // git ends at an object that it can't read: go on behind it.
    rest = rest.slice(answers.length + 1);
  }
  return contents;
}

/** Id → size, of as many as may be held at once, from the shortest on: there are no more of what is read so. */
function shortest(heads: readonly BatchAnswer[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  let sum = 0;
  for (const { id, size } of heads.toSorted((a, b) => a.size - b.size)) {
    if (sizes.has(id)) continue;
    sum += size;
    if (sum > maxBytesAtOnce) break;
    sizes.set(id, size);
  }
  return sizes;
}

/** Undefined when they are too long, or one of them can't be read: then they are looked at one by one. */
async function readTogether(
  repository: Repository,
  wanted: readonly Wanted[],
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[] | undefined> {
  const revisions = wanted.map(({ revision }) => revision);
  const sum = wanted.reduce((bytes, { limit }) => bytes + limit, 0);
  const maxContentBytes = Math.min(sum, maxBytesTogether);
  try {
    const { answers } = await catFile({ repository, mode: "batch", revisions, maxContentBytes }, signal);
    if (answers.length < revisions.length) return undefined;
    return answers.map((object, index) =>
      object === undefined || object.size > (wanted[index]?.limit ?? 0) ? undefined : object,
    );
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** What each object is, without its content, in one process; undefined for one that is missing or damaged. */
export async function readHeads(
  repository: Repository,
  revisions: readonly string[],
  signal: AbortSignal,
): Promise<readonly (BatchAnswer | undefined)[]> {
  const heads: (BatchAnswer | undefined)[] = [];
  while (heads.length < revisions.length) {
    const rest = revisions.slice(heads.length);
    const request = { repository, mode: "batch-check", revisions: rest, maxContentBytes: 0 } as const;
    const { answers } = await catFile(request, signal);
    heads.push(...answers);
    if (answers.length < rest.length) heads.push(undefined);
  }
  return heads;
}

/** Folders of other people's branches may be large. */
export const maxTreeBytes = 8 * 1024 * 1024;

/** A folder that launch makes has a few entries, and one of a month some hundred. */
const maxFolderBytes = 1024 * 1024;

/** What is in one folder of a store, without what is below it: of a tree, a commit (`<commit>:`) or a folder of one. Undefined when it is not to be had. */
export async function readTree(
  repository: Repository,
  tree: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[] | undefined> {
  const [found] = await readObjects(repository, { revisions: [tree], maxBytes: maxFolderBytes }, signal);
  return found?.type === "tree" ? [...treeEntries(repository.format, found)] : undefined;
}

/**
 * What is in folders of a commit, for a tree that is made anew of them: none in one that isn't there. `folders` are paths, "" for the root,
 * each behind the one that it is in. Throws `store-failed` for one that is there and can't be read: taken for empty, all below it would go.
 */
export async function readFolders(
  repository: Repository,
  { commit, folders }: { readonly commit: string; readonly folders: readonly string[] },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly TreeEntry[]>> {
  const revisions = folders.map((path) => `${commit}:${path}`);
  const trees = await readObjects(repository, { revisions, maxBytes: maxTreeBytes }, signal);
  const read = new Map<string, readonly TreeEntry[]>();
  for (const [at, path] of folders.entries()) {
    const slash = path.lastIndexOf("/");
    const name = rawName(path.slice(slash + 1));
    const above = read.get(path.slice(0, Math.max(0, slash)));
    const entry = path === "" ? undefined : above?.find((other) => other.name === name && isFolder(other));
    const isThere = path === "" || entry !== undefined;
    const tree = trees[at];
    if (isThere && tree?.type !== "tree") {
      const id = entry?.id ?? (await rootOf(repository, commit, signal));
      const where = `${path} of the commit ${commit} in ${repository.directory}`.trimStart();
      throw new LaunchError(
        "store-failed",
        `the tree ${id} (${where}) is missing or damaged; restore it, or fetch it again`,
      );
    }
    read.set(path, isThere && tree !== undefined ? [...treeEntries(repository.format, tree)] : []);
  }
  return read;
}

async function rootOf(repository: Repository, commit: string, signal: AbortSignal): Promise<string> {
  const [found] = await readObjects(repository, { revisions: [commit], maxBytes: maxTreeBytes }, signal);
  return (found === undefined ? undefined : parseCommit(found.content)?.tree) ?? "";
}

/** Larger files, and more of them together, are not read into memory. */
const maxContentBytes = 512 * 1024 * 1024;
const maxLooseBytes = 16 * 1024 * 1024;

/** Contents of a source's objects by their ids, in one process. One that is not there is left out; a damaged one is an error that names it. */
export async function readContents(
  repository: Repository,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const files =
    ids.length <= maxFiles
      ? await readLooseObjects(
          repository,
          ids,
          ids.map(() => maxLooseBytes),
        )
      : [];
  const contents = new Map<string, Buffer>();
  for (const file of files) if (file !== undefined && file !== "absent") contents.set(file.id, file.content);
  const revisions = ids.filter((id) => !contents.has(id));
  if (revisions.length === 0) return contents;
  const { answers, said } = await catFile({ repository, mode: "batch", revisions, maxContentBytes }, signal);
  refuseDamaged(revisions[answers.length], said);
  for (const object of answers) if (object !== undefined) contents.set(object.id, object.content);
  return contents;
}

/** Sizes of a source's objects by their ids, without reading them; what is not there is left out. */
export async function readSizes(
  repository: Repository,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const request = { repository, mode: "batch-check", revisions: ids, maxContentBytes: 0 } as const;
  const { answers, said } = await catFile(request, signal);
  refuseDamaged(ids[answers.length], said);
  return new Map(answers.flatMap((answer) => (answer === undefined ? [] : [[answer.id, answer.size]])));
}

/** git stopped at this one. */
function refuseDamaged(id: string | undefined, said: string): void {
  if (id === undefined) return;
  const [words = ""] = said.split("\n");
  throw new LaunchError("source-failed", `the object ${id} of the source can't be read: ${words}`);
}
