import { createHash, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";
import type { ObjectFormat } from "../repository.ts";

/*
 * git's objects as bytes. An object is its type, its length and a NUL, and then its content; its id is the hash of that
 * (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects). As a file of its own it is that, deflated; in a pack it has another head
 * (https://git-scm.com/docs/gitformat-pack). Trees have a format of their own: tree-format.ts. Why this is ours: docs/decisions/0010.
 */
export type ObjectType = "blob" | "tree" | "commit";
export type NewObject = { readonly type: ObjectType; readonly id: string; readonly content: Buffer };

export type CommitContent = {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly time: Date;
};

const deflated = promisify(deflate);
const inflated = promisify(inflate);

/** Author and committer of every commit that launch makes for its own use. */
const identity = "launch <launch@localhost>";

function headOf({ type, content }: Pick<NewObject, "type" | "content">): string {
  return `${type} ${content.length}\0`;
}

export function newObject(format: ObjectFormat, type: ObjectType, content: Buffer): NewObject {
  const id = createHash(format).update(headOf({ type, content })).update(content).digest("hex");
  return { type, id, content };
}

export function newBlob(format: ObjectFormat, content: string | Uint8Array): NewObject {
  return newObject(format, "blob", typeof content === "string" ? Buffer.from(content) : Buffer.from(content));
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

/** What the head of a commit says; undefined for what is no commit. */
export function parseCommit(content: Buffer): { readonly tree: string; readonly time: Date } | undefined {
  const text = content.toString("latin1");
  const end = text.indexOf("\n\n");
  const head = end === -1 ? text : text.slice(0, end);
  const [, tree] = /^tree ([0-9a-f]{40,64})$/m.exec(head) ?? [];
  const [, seconds] = /^committer .* (\d+) [+-]\d{4}$/m.exec(head) ?? [];
  return tree === undefined ? undefined : { tree, time: new Date(Number(seconds ?? 0) * 1_000) };
}

/** Where an object that is a file of its own lies, below the folder of objects (https://git-scm.com/docs/gitrepository-layout). */
export function looseName(id: string): string {
  return `${id.slice(0, 2)}/${id.slice(2)}`;
}

export function looseFile(object: NewObject): Promise<Buffer> {
  return deflated(Buffer.concat([Buffer.from(headOf(object)), object.content]));
}

/** A type, a length and the NUL behind them. */
const maxHeadBytes = 64;

/** What is in a loose object's file; undefined when it is damaged or longer than `maxBytes`. */
export async function parseLooseFile(
  data: Buffer,
  maxBytes: number,
): Promise<Pick<NewObject, "type" | "content"> | undefined> {
  const whole = await inflated(data, { maxOutputLength: maxBytes + maxHeadBytes }).catch(() => undefined);
  if (whole === undefined) return undefined;
  const end = whole.indexOf(0);
  const [, type, size] = /^(blob|commit|tree) (\d+)$/.exec(whole.toString("latin1", 0, end)) ?? [];
  const content = whole.subarray(end + 1);
  if (!isObjectType(type) || content.length !== Number(size) || content.length > maxBytes) return undefined;
  return { type, content };
}

export function isObjectType(type: string | undefined): type is ObjectType {
  return type === "blob" || type === "commit" || type === "tree";
}

const packTypes = { commit: 1, tree: 2, blob: 3 } as const;

/** A pack's entry head: type and size, 4 bits and then 7 at a time. */
function packedHead(object: NewObject): Buffer {
  const bytes: number[] = [];
  let size = object.content.length;
  let byte = (packTypes[object.type] << 4) | (size % 16);
  for (size = Math.floor(size / 16); size > 0; size = Math.floor(size / 128)) {
    bytes.push(byte | 0x80);
    byte = size % 128;
  }
  return Buffer.from([...bytes, byte]);
}

/** A pack of these objects, each whole: none is kept as a difference from another. */
export async function packOf(format: ObjectFormat, objects: readonly NewObject[]): Promise<Buffer> {
  const head = Buffer.from("PACK\0\0\0\x02\0\0\0\0");
  head.writeUInt32BE(objects.length, 8);
  const entries = objects.map(async (object) => [packedHead(object), await deflated(object.content)]);
  const body = Buffer.concat([head, ...(await Promise.all(entries)).flat()]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}
