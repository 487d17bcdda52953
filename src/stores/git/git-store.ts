import {
  newBlob,
  newCommit,
  type NewObject,
  newTree,
  readTree,
  type Repository,
  writeObjects,
} from "../../clients/git/objects.ts";
import { LaunchError } from "../../core/errors.ts";
import type { RunDocument, Store, WriteResult } from "../store.ts";
import { listRuns, readRun } from "./read-runs.ts";
import type { StoreRepository } from "./repository.ts";
import { filesOf, runFiles, runRef } from "./run-files.ts";
import { currentRefs, settle, settleRemoval } from "./settle.ts";

/** Name → blob of a tree. */
type Tree = Readonly<Record<string, string>>;

/** Trees of our own last writes are remembered for as many runs, so that an update needn't read them. */
const rememberedTrees = 64;

/** A store in the refs of a git repository, wherever that is. */
export function gitStore(location: string, store: StoreRepository): Store {
  const trees = new Map<string, Tree>();

  const write = async (
    document: RunDocument,
    from: string | undefined,
    kept: Tree,
    signal: AbortSignal,
  ): Promise<WriteResult> => {
    const local = await openForWriting(store, signal);
    const { objects, tree, commit } = objectsOf(local, document, from, kept);
    await writeObjects(local, objects, signal);
    const settled = await settle(store, local, { name: runRef(document.run.run_id), from, to: commit }, signal);
    if (settled.kind === "lost") return { kind: "conflict", current: settled.current };
    if (settled.kind === "unknown") return { kind: "unknown", message: settled.said };
    remember(trees, commit, tree);
    return { kind: "written", version: commit };
  };

  return {
    location,
    create: (document, signal) => write(document, undefined, {}, signal),
    update: async (document, expected, signal) => {
      const known = trees.get(expected);
      if (known !== undefined) return write(document, expected, known, signal);
      const found = await findTree(store, document.run.run_id, expected, signal);
      return found.kind === "tree" ? write(document, expected, found.tree, signal) : found;
    },
    read: (runId, signal) => readRun(store, runId, signal),
    list: (limit, signal) => listRuns(store, limit, signal),
    remove: async (runs, signal) => {
      const local = await store.open("read", signal);
      if (local === undefined) return runs.map(({ runId }) => runId);
      const refs = runs.map(({ runId, version }) => ({ name: runRef(runId), id: version }));
      const gone = await settleRemoval(store, local, refs, signal);
      return runs.map(({ runId }) => runId).filter((runId) => gone.has(runRef(runId)));
    },
    compact: async (signal) => {
      const local = await store.open("read", signal);
      if (local !== undefined) await store.compact(local, signal);
    },
    close: () => Promise.resolve(),
  };
}

async function openForWriting(store: StoreRepository, signal: AbortSignal): Promise<Repository> {
  const local = await store.open("write", signal);
  if (local === undefined) throw new LaunchError("store-failed", "the store's repository could not be made");
  return local;
}

/** The objects of one event: blobs of what is new, a tree with what is kept, and the commit. */
function objectsOf(
  { format }: Repository,
  document: RunDocument,
  from: string | undefined,
  kept: Tree,
): { readonly objects: readonly NewObject[]; readonly tree: Tree; readonly commit: string } {
  const tree: Record<string, string> = {};
  for (const name of [runFiles.patch, runFiles.tail]) {
    const blob = kept[name];
    if (blob !== undefined) tree[name] = blob;
  }
  const objects: NewObject[] = [];
  for (const [name, content] of Object.entries(filesOf(document))) {
    const blob = newBlob(format, content);
    tree[name] = blob.id;
    objects.push(blob);
  }
  const root = newTree(format, tree);
  const { run } = document;
  const commit = newCommit(format, {
    tree: root.id,
    parents: from === undefined ? [] : [from],
    message: `${run.run_id}: ${run.state}${run.reason === undefined ? "" : ` (${run.reason})`}`,
    time: new Date(run.updated_at),
  });
  return { objects: [...objects, root, commit], tree, commit: commit.id };
}

function remember(trees: Map<string, Tree>, version: string, tree: Tree): void {
  trees.set(version, tree);
  const [oldest] = trees.keys();
  if (trees.size > rememberedTrees && oldest !== undefined) trees.delete(oldest);
}

/** The tree of the version that an update expects, which another process wrote; a conflict when the run isn't there in that version. */
async function findTree(
  store: StoreRepository,
  runId: string,
  expected: string,
  signal: AbortSignal,
): Promise<{ readonly kind: "tree"; readonly tree: Tree } | Extract<WriteResult, { kind: "conflict" }>> {
  const local = await store.open("read", signal);
  if (local === undefined) return { kind: "conflict", current: undefined };
  const ref = runRef(runId);
  const current = (await currentRefs(store, local, ref, signal)).get(ref);
  if (current !== expected) return { kind: "conflict", current };
  const tree = await readTree(local, expected, signal);
  if (tree !== undefined) return { kind: "tree", tree };
  throw new LaunchError("store-failed", `run "${runId}": its objects are missing or damaged in the store`);
}
