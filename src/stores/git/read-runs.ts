import { readObjects } from "../../clients/git/objects.ts";
import { LaunchError } from "../../core/errors.ts";
import type { ListedRun, StoredRun } from "../store.ts";
import type { StoreRepository } from "./repository.ts";
import { maxFileBytes, maxHeadBytes, readHead, readRecord, runFiles, runIdOf, runRef, runRefs } from "./run-files.ts";
import { currentRefs } from "./settle.ts";

/** One run as it is now. Throws `unsupported` for a newer schema, `store-failed` when its objects are damaged. */
export async function readRun(
  store: StoreRepository,
  runId: string,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  const local = await store.open("read", signal);
  if (local === undefined) return undefined;
  const ref = runRef(runId);
  const version = (await currentRefs(store, local, ref, signal)).get(ref);
  if (version === undefined) return undefined;
  const revisions = [runFiles.head, runFiles.record, runFiles.patch, runFiles.tail].map((name) => `${version}:${name}`);
  const found = await readObjects(local, revisions, { maxBytes: maxFileBytes }, signal);
  const [head, record, patch, tail] = found.map((object) => object?.content);
  const read = readHead(runId, head);
  if (read.kind === "unreadable") throw new LaunchError("store-failed", `run "${runId}" can't be read: ${read.why}`);
  return {
    run: read.run,
    record: readRecord(runId, record),
    ...(patch === undefined ? {} : { patch }),
    ...(tail === undefined ? {} : { tail: tail.toString() }),
    version,
  };
}

/** All runs' heads, in three processes however many there are; newest first. */
export async function listRuns(
  store: StoreRepository,
  limit: number,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const local = await store.open("read", signal);
  if (local === undefined) return [];
  const refs = await currentRefs(store, local, runRefs, signal);
  const found: { readonly runId: string; readonly version: string }[] = [];
  for (const [name, version] of refs) {
    const runId = runIdOf(name);
    if (runId !== undefined) found.push({ runId, version });
  }
  const revisions = found.map(({ version }) => `${version}:${runFiles.head}`);
  const heads = await readObjects(local, revisions, { maxBytes: maxHeadBytes }, signal);
  return found
    .map(({ runId, version }, index): ListedRun => {
      const read = readHead(runId, heads[index]?.content);
      return read.kind === "run" ? { ...read, version } : { ...read, runId, version };
    })
    .sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : madeAt(a) > madeAt(b) ? -1 : 0))
    .slice(0, limit);
}

/** When a run was made, as text that sorts. What can't be read comes last. */
function madeAt(listed: ListedRun): string {
  return listed.kind === "run" ? listed.run.created_at : "";
}
