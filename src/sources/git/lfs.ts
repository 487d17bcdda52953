import type { ScratchRepository } from "../../clients/git/scratch-repository.ts";
import type { ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { readContents, readSizes } from "../../clients/git/objects/read-objects.ts";

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: a pointer begins so and is shorter than 1,024 bytes. */
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";
const maxPointerBytes = 1024;

/** Files that hold an LFS pointer. Looked for only where a `.gitattributes` speaks of LFS: elsewhere it costs nothing. */
export async function findLfsPointers(
  repository: ScratchRepository,
  entries: readonly ListedEntry[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const attributes = entries.filter(({ kind, path }) => kind === "file" && /(?:^|\/)\.gitattributes$/.test(path));
  const texts = await readContents(repository, hashesOf(attributes), signal);
  if (![...texts.values()].some((text) => text.includes("filter=lfs"))) return [];
  const files = entries.filter(({ kind }) => kind === "file" || kind === "executable");
  const sizes = await readSizes(repository, hashesOf(files), signal);
  const small = files.filter(({ hash }) => {
    const size = sizes.get(hash);
    return size !== undefined && size > pointerStart.length && size < maxPointerBytes;
  });
  const contents = await readContents(repository, hashesOf(small), signal);
  return small
    .filter(({ hash }) => contents.get(hash)?.subarray(0, pointerStart.length).toString() === pointerStart)
    .map(({ path }) => path);
}

const hashesOf = (entries: readonly ListedEntry[]): readonly string[] => [...new Set(entries.map(({ hash }) => hash))];
