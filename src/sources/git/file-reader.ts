import { setImmediate } from "node:timers/promises";
import type { ScratchRepository } from "../../clients/git/scratch-repository.ts";
import { readContents } from "../../clients/git/objects/read-objects.ts";

/** Reads one object's content by its hash; undefined when it isn't there. */
export type ReadFile = (hash: string, signal: AbortSignal) => Promise<Buffer | undefined>;

type Batch = { readonly hashes: Set<string>; readonly contents: Promise<ReadonlyMap<string, Buffer>> };

/**
 * Reads of single files, each of which would cost a process: all that are asked for at one moment are read by one, and what was
 * read once is kept. What is asked for is small: files that say what is installed and how it is built.
 */
export function fileReader(repository: ScratchRepository): ReadFile {
  const known = new Map<string, Buffer>();
  let open: Batch | undefined;
  const startBatch = (signal: AbortSignal): Batch => {
    const hashes = new Set<string>();
    const contents = setImmediate().then(() => {
      open = undefined;
      return readContents(repository, [...hashes], signal);
    });
    return { hashes, contents };
  };
  return async (hash, signal) => {
    const kept = known.get(hash);
    if (kept !== undefined) return kept;
    open ??= startBatch(signal);
    open.hashes.add(hash);
    const content = (await open.contents).get(hash);
    if (content !== undefined) known.set(hash, content);
    return content;
  };
}
