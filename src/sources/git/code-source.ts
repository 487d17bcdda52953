import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { ScratchRepository } from "../../clients/git/scratch-repository.ts";
import type { ListedEntry } from "../../clients/git/objects/list-tree.ts";
import { exportTree } from "../../clients/git/temporary-index.ts";
import { counted } from "../../core/counted.ts";
import { LaunchError } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import type { CodeSource, SourceContext } from "../source.ts";
import type { PatchProvenance, Provenance } from "../../run/provenance.ts";
import { fileReader, type ReadFile } from "./file-reader.ts";
import { findLfsPointers } from "./lfs.ts";

export type FoundCode = {
  readonly repository: ScratchRepository;
  /** Tree of what runs, and its entries. */
  readonly tree: string;
  readonly entries: readonly ListedEntry[];
  readonly patch: Uint8Array | undefined;
  /** Tries the patch on its base; throws `patch-failed`. */
  readonly tryPatch?: (signal: AbortSignal) => Promise<void>;
  readonly provenance: Omit<Provenance, "tree" | "lfs_pointers">;
};

/** The source that a found tree makes: names LFS pointers, and refuses a subdirectory that the tree doesn't have. */
export async function codeSourceOf(found: FoundCode, context: SourceContext): Promise<CodeSource> {
  const { repository, tree } = found;
  const { subdirectory } = found.provenance;
  const entries = found.entries.filter(({ kind }) => kind !== "submodule");
  if (subdirectory !== undefined && !entries.some(({ path }) => path.startsWith(`${subdirectory}/`))) {
    throw new LaunchError(
      "source-failed",
      `the source has no files in its folder "${subdirectory}"; check the folder, and that its files are committed or added (untracked ones come with --include-untracked)`,
    );
  }
  const pointers = await findLfsPointers(repository, entries, context.signal);
  if (pointers.length > 0) {
    context.log.warning(
      say`${ours(counted(pointers.length, "file"))} from Git LFS ${ours(pointers.length === 1 ? "is" : "are")} in the source as a pointer, not as content: ${firstOf(pointers)}; have the run fetch what it needs`,
    );
  }
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  let verified: Promise<void> | undefined;
  return {
    kind: "code",
    provenance: { ...found.provenance, tree, ...(pointers.length === 0 ? {} : { lfs_pointers: pointers }) },
    patch: found.patch,
    paths: () => Promise.resolve([...byPath.keys()].sort()),
    readFile: readerThroughLinks(byPath, fileReader(repository)),
    folderHash: (folder) => folderHash(entries, folder),
    verify: (signal) => (verified ??= found.tryPatch?.(signal) ?? Promise.resolve()),
    exportTo: (directory, signal) => exportTree(repository, { tree, directory }, signal),
    dispose: () => repository.remove(),
  };
}

/** sha256 over the entries below a folder, so that a change elsewhere in a repository doesn't make this folder another one. */
function folderHash(entries: readonly ListedEntry[], folder: string): string {
  const prefix = folder === "" ? "" : `${folder}/`;
  const lines = entries
    .filter(({ path }) => path.startsWith(prefix))
    .map(({ kind, hash, path }) => `${kind} ${hash} ${path.slice(prefix.length)}\0`);
  return createHash("sha256").update(lines.sort().join("")).digest("hex");
}

const maxLinks = 8;

function readerThroughLinks(byPath: ReadonlyMap<string, ListedEntry>, read: ReadFile): CodeSource["readFile"] {
  return async (path, signal) => {
    let at = path;
    for (let links = 0; links < maxLinks; links++) {
      const entry = byPath.get(at);
      if (entry === undefined) return undefined;
      const content = await read(entry.hash, signal);
      if (entry.kind !== "symlink" || content === undefined) return content;
      at = posix.join(posix.dirname(at), content.toString());
    }
    return undefined;
  };
}

const maxNamed = 10;

/** The first ten names, and how many more there are. Control characters are escaped: a name may hold a newline. */
export function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, maxNamed).map((name) => (/\p{Cc}/u.test(name) ? JSON.stringify(name) : name));
  const more = names.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export function describePatch(bytes: Uint8Array, files: readonly string[], commits: number): PatchProvenance {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length, files, commits };
}
