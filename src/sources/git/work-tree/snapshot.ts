import { createWriteStream } from "node:fs";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { pinFolder, type PinnedEntry } from "../../../core/folders/pinned.ts";
import { writeNamed } from "../../../core/folders/write-named.ts";

/*
 * Files of a working tree as they are now, in a folder of our own: git is told to look there. It opens by path what it has looked at by
 * path, so who writes to the working tree meanwhile could have it read any file of this machine through a link.
 */

/** More than this is not held in memory. */
const wholeBytes = 1024 * 1024;

/** Copies these files and links of a folder, by their raw paths (latin1). What is not there, or lies behind a link, is left out. */
export async function takeSnapshot(
  from: string,
  to: string,
  { paths, signal }: { readonly paths: Iterable<string>; readonly signal: AbortSignal },
): Promise<void> {
  const folder = await pinFolder(from);
  try {
    const folders = new Set<string>();
    const taken = new Set<string>();
    for (const path of paths) {
      signal.throwIfAborted();
      const parents = parentsOf(path);
      // What was a link or a file when it was taken is no folder now: nothing is written through it.
      if (taken.has(path) || folders.has(path) || parents.some((parent) => taken.has(parent))) continue;
      const entry = await folder.read(path);
      if (entry === undefined) continue;
      for (const parent of parents) {
        if (!folders.has(parent)) await mkdir(below(to, parent), { recursive: true });
        folders.add(parent);
      }
      await put(entry, below(to, path));
      taken.add(path);
    }
  } finally {
    await folder.close();
  }
}

/** The folders on the way, the outermost first. */
function parentsOf(rawPath: string): readonly string[] {
  const names = rawPath.split("/");
  return names.slice(1).map((_name, at) => names.slice(0, at + 1).join("/"));
}

function below(folder: string, rawPath: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(rawPath, "latin1")]);
}

async function put(entry: PinnedEntry, place: Buffer): Promise<void> {
  if (entry.kind === "link") return symlink(entry.target, place);
  const { file, size } = entry;
  // Of a mode git keeps whether it may be run.
  const mode = (entry.mode & 0o100) === 0 ? 0o600 : 0o700;
  try {
    if (size <= wholeBytes) await writeNamed(place, await file.readFile(), { mode, flag: "wx" });
    else await pipeline(file.createReadStream({ autoClose: false }), createWriteStream(place, { mode, flags: "wx" }));
    await chmod(place, mode);
  } finally {
    await file.close();
  }
}
