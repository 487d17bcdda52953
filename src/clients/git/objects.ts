import { createHash, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import { LaunchError } from "../../core/errors.ts";
import { git, gitOrThrow } from "./git.ts";
import { readLooseObjects } from "./read-loose.ts";

export type ObjectFormat = "sha1" | "sha256";

/** A repository that is only used for its objects and refs. */
export type Repository = { readonly directory: string; readonly format: ObjectFormat };

export type ObjectType = "blob" | "tree" | "commit";
export type NewObject = { readonly type: ObjectType; readonly id: string; readonly content: Buffer };

export type CommitContent = {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly time: Date;
};

const deflated = promisify(deflate);

/** Author and committer of every commit that launch makes for its own use. */
const identity = "launch <launch@localhost>";

/** Arguments that make git use this repository only, and run nobody's hooks. */
export function within(repository: Pick<Repository, "directory">, ...args: readonly string[]): readonly string[] {
  return ["--git-dir", repository.directory, "-c", "core.hooksPath=/dev/null", ...args];
}

function newObject(format: ObjectFormat, type: ObjectType, content: Buffer): NewObject {
  const id = createHash(format).update(`${type} ${content.length}\0`).update(content).digest("hex");
  return { type, id, content };
}

export function newBlob(format: ObjectFormat, content: string | Uint8Array): NewObject {
  return newObject(format, "blob", typeof content === "string" ? Buffer.from(content) : Buffer.from(content));
}

/** A tree of plain files, and of folders: name → blob, name → tree. */
export function newTree(
  format: ObjectFormat,
  files: Readonly<Record<string, string>>,
  folders: Readonly<Record<string, string>> = {},
): NewObject {
  // git sorts a folder as if its name ended in a slash.
  const entries = [
    ...Object.entries(files).map(([name, id]) => ({ order: name, head: `100644 ${name}\0`, id })),
    ...Object.entries(folders).map(([name, id]) => ({ order: `${name}/`, head: `40000 ${name}\0`, id })),
  ];
  const parts = entries
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .flatMap(({ head, id }) => [Buffer.from(head), Buffer.from(id, "hex")]);
  return newObject(format, "tree", Buffer.concat(parts));
}

/** The folders in a tree's content: name → tree. */
export function foldersIn(format: ObjectFormat, content: Buffer): Record<string, string> {
  const idBytes = format === "sha1" ? 20 : 32;
  const folders: Record<string, string> = {};
  for (let at = 0; at < content.length;) {
    const end = content.indexOf(0, at);
    const [mode, name] = content.toString("utf8", at, end).split(" ", 2);
    at = end + 1 + idBytes;
    if (mode === "40000" && name !== undefined) folders[name] = content.toString("hex", end + 1, at);
  }
  return folders;
}

/**
 * A commit with a nonce in its message: equal content written twice gives two commits, so that whoever finds its own commit at a ref
 * knows that it was this write that won. git itself reports "up to date" for a push of what is already there.
 */
export function newCommit(format: ObjectFormat, { tree, parents, message, time }: CommitContent): NewObject {
  const who = `${identity} ${Math.floor(time.getTime() / 1000)} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
    "",
    message,
    "",
    `Launch-Nonce: ${randomBytes(16).toString("hex")}`,
    "",
  ];
  return newObject(format, "commit", Buffer.from(lines.join("\n")));
}

const packTypes = { commit: 1, tree: 2, blob: 3 } as const;

/** A pack's entry head: type and size, 4 bits and then 7 at a time (https://git-scm.com/docs/gitformat-pack). */
function entryHead(object: NewObject): Buffer {
  const bytes: number[] = [];
  let size = object.content.length;
  let byte = (packTypes[object.type] << 4) | (size % 16);
  for (size = Math.floor(size / 16); size > 0; size = Math.floor(size / 128)) {
    bytes.push(byte | 0x80);
    byte = size % 128;
  }
  return Buffer.from([...bytes, byte]);
}

/** Writes objects into the repository by one process: git checks each, names it by itself, and skips what is there. */
export async function writeObjects(
  repository: Repository,
  objects: readonly NewObject[],
  signal: AbortSignal,
): Promise<void> {
  const head = Buffer.from("PACK\0\0\0\x02\0\0\0\0");
  head.writeUInt32BE(objects.length, 8);
  const entries = objects.map(async (object) => [entryHead(object), await deflated(object.content)]);
  const body = Buffer.concat([head, ...(await Promise.all(entries)).flat()]);
  const trailer = createHash(repository.format).update(body).digest();
  await gitOrThrow(
    {
      args: within(repository, "unpack-objects", "-q"),
      doing: `writing into ${repository.directory}`,
      cwd: repository.directory,
      input: Buffer.concat([body, trailer]),
      signal,
    },
    "store-failed",
  );
}

export type ReadObject = { readonly id: string; readonly type: string; readonly content: Buffer };

/** What a read asks for: a revision (`<commit>:run.json`), and how long it may be. */
export type ReadLimits = {
  readonly maxBytes: number;
  /** A few objects are not looked for in packs: they are new, and hardly here. */
  readonly filesOnly?: boolean;
};

/** So many are read as files: for more, one process is quicker. */
const maxFiles = 16;

/** So many are small enough to be taken together before their sizes are known. */
const maxTogether = 8;

/**
 * Reads objects by revision: a few from their own files, the rest in two processes however many there are, and in one where they are few.
 * What is missing, damaged or longer than `maxBytes` is undefined: one bad object never hides the others.
 */
export async function readObjects(
  repository: Repository,
  revisions: readonly string[],
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[]> {
  const few = revisions.length <= maxFiles;
  const files = few ? await readLooseObjects(repository, revisions, limits.maxBytes) : [];
  if (few && limits.filesOnly === true) return files.map((file) => (file === "absent" ? undefined : file));
  const rest = revisions.filter((_revision, index) => files[index] === undefined);
  const others = rest.length === 0 ? [] : await readByGit(repository, rest, limits, signal);
  let next = 0;
  return revisions.map((_revision, index) => {
    const file = files[index];
    if (file === undefined) return others[next++];
    return file === "absent" ? undefined : file;
  });
}

async function readByGit(
  repository: Repository,
  revisions: readonly string[],
  { maxBytes }: ReadLimits,
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[]> {
  if (revisions.length <= maxTogether) {
    const found = await readTogether(repository, revisions, maxBytes, signal);
    if (found !== undefined) return found;
  }
  const heads = await objectHeads(repository, revisions, signal);
  const wanted = new Map<string, number>();
  for (const head of heads) if (head !== undefined && head.size <= maxBytes) wanted.set(head.id, head.size);
  const contents = new Map<string, ReadObject>();
  let rest = [...wanted.keys()];
  while (rest.length > 0) {
    const found = await readBatch(repository, rest, wanted, signal);
    for (const object of found) contents.set(object.id, object);
    // git ends at an object that it can't read: go on behind it.
    rest = rest.slice(found.length + 1);
  }
  return heads.map((head) => (head === undefined ? undefined : contents.get(head.id)));
}

/** Undefined when they are too long, or one of them can't be read: then they are looked at one by one. */
async function readTogether(
  repository: Repository,
  revisions: readonly string[],
  maxBytes: number,
  signal: AbortSignal,
): Promise<readonly (ReadObject | undefined)[] | undefined> {
  let stdout: Buffer;
  try {
    ({ stdout } = await catFile(repository, "--batch", revisions, maxBytes, signal));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  const found: (ReadObject | undefined)[] = [];
  for (let at = 0; at < stdout.length;) {
    const lineEnd = stdout.indexOf("\n", at);
    if (lineEnd === -1) return undefined;
    const [id = "", type = "", size] = stdout.toString("latin1", at, lineEnd).split(" ");
    at = lineEnd + 1;
    if (size === undefined || !["blob", "commit", "tree"].includes(type)) {
      found.push(undefined);
      continue;
    }
    const end = at + Number(size);
    if (stdout.length < end + 1) return undefined;
    found.push(Number(size) > maxBytes ? undefined : { id, type, content: stdout.subarray(at, end) });
    at = end + 1;
  }
  return found.length === revisions.length ? found : undefined;
}

type ObjectHead = { readonly id: string; readonly size: number };

async function objectHeads(
  repository: Repository,
  revisions: readonly string[],
  signal: AbortSignal,
): Promise<readonly (ObjectHead | undefined)[]> {
  const heads: (ObjectHead | undefined)[] = [];
  while (heads.length < revisions.length) {
    const asked = revisions.slice(heads.length);
    const { stdout } = await catFile(repository, "--batch-check", asked, 0, signal);
    const lines = stdout.toString().split("\n").slice(0, -1);
    for (const line of lines) {
      const [id = "", type, size] = line.split(" ");
      heads.push(type === "blob" || type === "commit" || type === "tree" ? { id, size: Number(size) } : undefined);
    }
    if (lines.length < asked.length) heads.push(undefined);
  }
  return heads;
}

async function readBatch(
  repository: Repository,
  ids: readonly string[],
  sizes: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<readonly ReadObject[]> {
  const bytes = ids.reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
  const { stdout } = await catFile(repository, "--batch", ids, bytes, signal);
  const found: ReadObject[] = [];
  for (let at = 0; at < stdout.length;) {
    const lineEnd = stdout.indexOf("\n", at);
    if (lineEnd === -1) break;
    const [id = "", type = "", size] = stdout.toString("latin1", at, lineEnd).split(" ");
    const end = lineEnd + 1 + Number(size);
    if (size === undefined || id !== ids[found.length] || stdout.length < end + 1) break;
    found.push({ id, type, content: stdout.subarray(lineEnd + 1, end) });
    at = end + 1;
  }
  return found;
}

function catFile(
  repository: Repository,
  mode: "--batch" | "--batch-check",
  revisions: readonly string[],
  contentBytes: number,
  signal: AbortSignal,
): Promise<{ readonly stdout: Buffer }> {
  return git({
    args: within(repository, "cat-file", mode, "--buffer"),
    doing: `reading from ${repository.directory}`,
    cwd: repository.directory,
    input: revisions.map((revision) => `${revision}\n`).join(""),
    maxOutputBytes: contentBytes + revisions.length * 512 + 64 * 1024,
    signal,
  });
}

/** The repository at `directory`; throws `store-failed` when it is none that git would use. */
export async function inspectRepository(directory: string, signal: AbortSignal): Promise<Repository> {
  const { exitCode, stdout, stderr } = await git({
    args: within({ directory }, "rev-parse", "--show-object-format"),
    doing: `opening ${directory}`,
    cwd: directory,
    signal,
  });
  const format = stdout.toString().trim();
  if (exitCode === 0 && (format === "sha1" || format === "sha256")) return { directory, format };
  throw new LaunchError("store-failed", `${directory} is not a git repository that can be used: ${stderr.trim()}`);
}
