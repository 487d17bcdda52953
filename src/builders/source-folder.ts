import { posix } from "node:path";
import type { CodeSource } from "../sources/source.ts";

/** One folder of a source, with paths relative to it. */
export type SourceFolder = {
  /** From the source's root; "" is the root. */
  readonly path: string;
  /** All files below it, sorted. */
  readonly files: ReadonlySet<string>;
  /** A file's text; undefined when there is none. */
  read(file: string): Promise<string | undefined>;
};

export async function sourceFolder(source: CodeSource, path: string, signal: AbortSignal): Promise<SourceFolder> {
  const prefix = path === "" ? "" : `${path}/`;
  const paths = await source.paths(signal);
  const files = paths.filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
  return folderOf(path, new Set(files), async (file) => {
    const bytes = await source.readFile(`${prefix}${file}`, signal);
    return bytes?.toString();
  });
}

function folderOf(
  path: string,
  files: ReadonlySet<string>,
  read: (file: string) => Promise<string | undefined>,
): SourceFolder {
  return { path, files, read: (file) => (files.has(file) ? read(file) : Promise.resolve(undefined)) };
}

/** The folder below, as a folder of its own. */
export function subfolder(folder: SourceFolder, below: string): SourceFolder {
  if (below === "" || below === ".") return folder;
  const prefix = `${below}/`;
  const files = [...folder.files].filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
  return folderOf(posix.join(folder.path, below), new Set(files), (file) => folder.read(`${prefix}${file}`));
}

/** A path that a user wrote, relative to a folder; undefined when it leads out of it. */
export function pathInside(written: string): string | undefined {
  if (posix.isAbsolute(written)) return undefined;
  const path = posix.normalize(written).replace(/\/$/, "");
  return path === ".." || path.startsWith("../") ? undefined : path === "." ? "" : path;
}

/** The word of an entry point that is a file of the folder, as written and as a path of it. */
export function scriptOf(
  folder: SourceFolder,
  entryPoint: readonly string[] | undefined,
): { readonly word: string; readonly path: string } | undefined {
  for (const word of entryPoint ?? []) {
    const path = pathInside(word);
    if (path !== undefined && folder.files.has(path)) return { word, path };
  }
  return undefined;
}
