import { newCommit, type NewObject, parseCommit } from "../../../clients/git/objects/object-format.ts";
import { readFolders, readObjects } from "../../../clients/git/objects/read-objects.ts";
import { folderEntry, isFolder, nameText, newTree } from "../../../clients/git/objects/tree-format.ts";
import type { ObjectFormat, Repository } from "../../../clients/git/repository.ts";
import { changedIndex } from "./changed-index.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import { maxHeadBytes } from "../runs/run-files.ts";

/*
 * The log of a queue and its index, as one change makes them: folders of runs come, or go. The log's commits are a chain, so that a reader
 * fetches what is new only. The chain begins anew with each month, and whenever runs are removed: what is no longer in the tip's tree is
 * in no commit before it then, and the host may collect it.
 */
export type LogChange = {
  readonly queue: string;
  /** Values of the log and of its index. */
  readonly log: string | undefined;
  readonly index: string | undefined;
  /** `2026/11/23/<key>` → the tree of a run's files. */
  readonly added: ReadonlyMap<string, string>;
  /** Paths as above. */
  readonly removed: ReadonlySet<string>;
  readonly message: string;
};

export type NewLog = {
  readonly log: string;
  readonly index: string;
  readonly objects: readonly NewObject[];
};

/** The commits of the log and the index after this change, with all new objects. */
export async function changedLog(opened: OpenedQueueContext, change: LogChange, signal: AbortSignal): Promise<NewLog> {
  const { local } = opened;
  const { log, removed, message } = change;
  const time = opened.clock.now();
  const root = await changedTree(local, change, signal);
  const list = await changedIndex(opened, change, signal);
  const goesOn = log !== undefined && removed.size === 0 && (await lastMonth(local, log, signal)) === monthOf(time);
  const parents = goesOn ? [log] : [];
  const logCommit = newCommit(local.format, { tree: root.tree.id, parents, message, time });
  // Without a parent: whoever reads the index needs no older one.
  const indexCommit = newCommit(local.format, { tree: list.tree.id, parents: [], message, time });
  return {
    log: logCommit.id,
    index: indexCommit.id,
    objects: [...root.objects, ...list.objects, logCommit, indexCommit],
  };
}

/** The month of a log's tip; undefined for one that can't be read. */
async function lastMonth(local: Repository, log: string, signal: AbortSignal): Promise<string | undefined> {
  const [commit] = await readObjects(local, { revisions: [log], maxBytes: maxHeadBytes }, signal);
  const time = commit === undefined ? undefined : parseCommit(commit.content)?.time;
  return time === undefined ? undefined : monthOf(time);
}

function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

export type NewTreeObjects = { readonly tree: NewObject; readonly objects: readonly NewObject[] };

/** The log's tree with folders added and removed, each at its path. A folder that is left empty goes. */
async function changedTree(
  local: Repository,
  { log, added, removed }: LogChange,
  signal: AbortSignal,
): Promise<NewTreeObjects> {
  const { format } = local;
  const levels = new Set<string>([""]);
  for (const path of [...added.keys(), ...removed]) {
    const parts = path.split("/").slice(0, -1);
    parts.forEach((_part, at) => levels.add(parts.slice(0, at + 1).join("/")));
  }
  const paths = [...levels];
  const old = log === undefined ? undefined : await readFolders(local, { commit: log, folders: paths }, signal);
  const folders = new Map(
    paths.map((path) => {
      const there = (old?.get(path) ?? []).filter(isFolder);
      return [path, new Map(there.map(({ name, id }) => [nameText(name), id]))] as const;
    }),
  );
  const objects: NewObject[] = [];
  const place = (path: string, tree: string | undefined): void => {
    const slash = path.lastIndexOf("/");
    const above = folders.get(slash === -1 ? "" : path.slice(0, slash));
    if (tree === undefined) above?.delete(path.slice(slash + 1));
    else above?.set(path.slice(slash + 1), tree);
  };
  for (const path of removed) place(path, undefined);
  for (const [path, tree] of added) place(path, tree);
  // The deepest first: a folder's tree is made when all that is in it is known.
  for (const path of paths.filter(Boolean).sort((a, b) => b.length - a.length)) {
    const within = folders.get(path) ?? new Map<string, string>();
    if (within.size === 0) place(path, undefined);
    else {
      const tree = newFoldersTree(format, within);
      objects.push(tree);
      place(path, tree.id);
    }
  }
  const tree = newFoldersTree(format, folders.get("") ?? new Map<string, string>());
  return { tree, objects: [...objects, tree] };
}

function newFoldersTree(format: ObjectFormat, folders: ReadonlyMap<string, string>): NewObject {
  return newTree(
    format,
    [...folders].map(([name, id]) => folderEntry(name, id)),
  );
}
