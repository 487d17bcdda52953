import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { isFileMissing, messageOf, systemCode } from "../errors.ts";

/** What is at the path of a file that launch keeps for itself. */
export type OwnFile =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  /** Something else lies in its place, or it can't be read. `why` goes on after what the file is called. */
  | { readonly kind: "other"; readonly why: string; readonly cause?: Error };

/** Looks at one; of a file with more bytes than these nothing is kept. A pipe would be waited for without end: it is not. */
export async function lookAtOwnFile(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<OwnFile> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await textOf(file, maxBytes);
  } catch (error) {
    if (isFileMissing(error)) return { kind: "none" };
    // A socket can't be opened, nor a link that leads to itself.
    if (["ENXIO", "ELOOP", "EISDIR"].includes(systemCode(error) ?? "")) return noFile;
    if (!(error instanceof Error)) throw error;
    return { kind: "other", why: `can't be read: ${messageOf(error)}`, cause: error };
  }
}

const noFile: OwnFile = { kind: "other", why: "is no file" };

async function textOf(file: FileHandle, maxBytes: number): Promise<OwnFile> {
  const stats = await file.stat();
  if (!stats.isFile()) return noFile;
  if (stats.size > maxBytes) return { kind: "other", why: `has more than ${maxBytes} bytes` };
  return { kind: "text", text: await file.readFile("utf8") };
}

/**
 * The text of a file that launch keeps for itself; undefined where there is none, and where something else lies in its place. Throws for what
 * the system refuses.
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  const file = await lookAtOwnFile(path);
  if (file.kind === "other" && file.cause !== undefined) throw file.cause;
  return file.kind === "text" ? file.text : undefined;
}
