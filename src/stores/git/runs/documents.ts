import type { WantedTip } from "../../../clients/git/remotes/remote-refs.ts";
import type { RunDocument } from "../../../run/document.ts";
import { UnreadableRun } from "../../../run/unreadable.ts";
import type { RunTree } from "./event.ts";
import { readTips } from "./read-tips.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { maxRunFileBytes, readHead, readRecord, runFiles } from "./run-files.ts";

/** A run as it is at a commit. */
export type Loaded = { readonly document: RunDocument; readonly tree: RunTree };

/** Where a run's files are: in the tree of `tip`, in the folder `path` (with its slash) where that is not the root. */
export type RunPlace = { readonly runId: string; readonly tip: WantedTip; readonly path?: string };

/** So many are remembered: a patch may be a megabyte. */
const remembered = 16;

/** What is at a commit never changes: whole documents of those looked at last. */
export interface Documents {
  /** Throws UnreadableRun when it is newer than this version, damaged or gone. */
  read(opened: OpenedStore, run: RunPlace, signal: AbortSignal): Promise<Loaded>;
  add(version: string, loaded: Loaded): void;
  treeOf(version: string): RunTree | undefined;
}

export function documents(): Documents {
  const known = new Map<string, Loaded>();
  const add: Documents["add"] = (version, loaded) => {
    known.set(version, loaded);
    const [oldest] = known.keys();
    if (known.size > remembered && oldest !== undefined) known.delete(oldest);
  };
  return {
    add,
    treeOf: (version) => known.get(version)?.tree,
    read: async (opened, run, signal) => {
      const found = known.get(run.tip.id) ?? (await readDocument(opened, run, signal));
      add(run.tip.id, found);
      return found;
    },
  };
}

export async function readDocument(
  opened: OpenedStore,
  { runId, tip, path = "" }: RunPlace,
  signal: AbortSignal,
): Promise<Loaded> {
  const names = [runFiles.head, runFiles.record, runFiles.patch, runFiles.tail] as const;
  const paths = [`${path}${names[0]}`, ...names.slice(1).map((name) => `${path}${name}`)] as const;
  const maxBytes = names.map((name) => maxRunFileBytes[name] ?? 0);
  const [found = []] = await readTips(opened, { tips: [tip], paths, maxBytes }, signal);
  const objects = found.map((object) => (object?.type === "blob" ? object : undefined));
  const [head, record, patch, tail] = objects;
  const read = readHead(runId, head?.content);
  if (read.kind === "unreadable") throw new UnreadableRun(runId, read);
  const tree: Record<string, string> = {};
  names.forEach((name, index) => {
    const id = objects[index]?.id;
    if (id !== undefined) tree[name] = id;
  });
  const document = {
    run: read.run,
    record: readRecord(runId, record?.content),
    ...(patch === undefined ? {} : { patch: patch.content }),
    ...(tail === undefined ? {} : { tail: tail.content.toString() }),
  };
  return { document, tree };
}
