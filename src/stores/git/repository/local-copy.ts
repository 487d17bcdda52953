import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { inspectRepository, type Repository } from "../../../clients/git/repository.ts";
import { isFileMissing } from "../../../core/errors.ts";
import { createBareRepository } from "./bare-repository.ts";

/** What it holds of the remote: the refs of a store, or the newest trees of its default branch. */
export type CopyOf = "stores" | "definitions";

/** A repository in the cache that has a part of a remote one. It is made when it is first opened, and may be removed at any time. */
export function localCopy(
  cache: string,
  { url, of }: { readonly url: string; readonly of: CopyOf },
): (signal: AbortSignal) => Promise<Repository> {
  const directory = join(cache, of, `${createHash("sha256").update(url).digest("hex").slice(0, 20)}.git`);
  let opened: Repository | undefined;
  return async (signal) => {
    if (opened !== undefined) return opened;
    try {
      await stat(directory);
    } catch (error) {
      if (!isFileMissing(error)) throw error;
      await createBareRepository(directory, signal);
    }
    return (opened = await inspectRepository(directory, signal));
  };
}
