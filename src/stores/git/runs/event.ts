import { newBlob, newCommit, type NewObject } from "../../../clients/git/objects/object-format.ts";
import { newFilesTree } from "../../../clients/git/objects/tree-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import type { RunDocument } from "../../../run/document.ts";
import { filesOf, runFiles } from "./run-files.ts";

/** Name → blob of a run's tree. */
export type RunTree = Readonly<Record<string, string>>;

export type RunEvent = {
  readonly document: RunDocument;
  /** The event before. */
  readonly parent: string | undefined;
  /** The tree of the event before, of which the patch and the tail stay where the document has none. */
  readonly kept: RunTree;
};

export type EventObjects = {
  readonly objects: readonly NewObject[];
  readonly tree: RunTree;
  /** The run's new version. */
  readonly commit: string;
};

/** The objects of one event: blobs of what is new, a tree with what is kept, and the commit. */
export function eventObjects({ format }: Repository, { document, parent, kept }: RunEvent): EventObjects {
  const tree: Record<string, string> = {};
  for (const name of [runFiles.patch, runFiles.tail]) {
    const blob = kept[name];
    if (blob !== undefined) tree[name] = blob;
  }
  const objects: NewObject[] = [];
  for (const [name, content] of Object.entries(filesOf(document))) {
    const blob = newBlob(format, content);
    // A blob that is there already is not written again: a patch may be large.
    if (kept[name] !== blob.id) objects.push(blob);
    tree[name] = blob.id;
  }
  const root = newFilesTree(format, tree);
  const { run } = document;
  const commit = newCommit(format, {
    tree: root.id,
    parents: parent === undefined ? [] : [parent],
    message: `${run.run_id}: ${run.state}${run.reason === undefined ? "" : ` (${run.reason})`}`,
    time: new Date(run.updated_at),
  });
  return { objects: [...objects, root, commit], tree, commit: commit.id };
}
