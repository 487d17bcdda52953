import type { Repository } from "../../../clients/git/repository.ts";
import type { ListedRun } from "../../store.ts";
import type { StoredRun } from "../../../run/document.ts";
import { foldedHeads, foldedPathsShown, logTip, readFolded } from "../log/folded.ts";
import type { QueueContext } from "../queue/queue-context.ts";
import { queueRefs, type QueueRefs, type Tip } from "../queue/queue-refs.ts";
import { readTips } from "./read-tips.ts";
import { maxHeadBytes, readHead, runFiles, runIdOf, runRef, runRefs } from "./run-files.ts";
import { currentRefs } from "../repository/settle.ts";

/* Runs by their id, wherever they are: held by no queue, in one, or folded away. */

/** One run as it is now. Throws `store-failed` when it is newer than this version or damaged. */
export async function readRun(
  context: QueueContext,
  runId: string,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  const { store, documents, lister } = context;
  const local = await store.open("read", signal);
  if (local === undefined) return undefined;
  const name = runRef(runId);
  const id = (await currentRefs(store, local, [name], signal)).get(name);
  if (id !== undefined) return readAt(context, local, runId, { name, id }, signal);
  if ((await currentRefs(store, local, [queueRefs], signal)).size === 0) return undefined;
  const refs = await lister.list(local, "all", signal);
  const tip = refs.tips.find(({ parsed }) => parsed.runId === runId);
  if (tip !== undefined) {
    const { document } = await documents.read(local, runId, tip, signal);
    return { ...document, version: tip.id };
  }
  return readFoldedRun(context, local, refs, runId, signal);
}

async function readAt(
  { documents }: QueueContext,
  local: Repository,
  runId: string,
  tip: { readonly name: string; readonly id: string },
  signal: AbortSignal,
): Promise<StoredRun> {
  const { document } = await documents.read(local, runId, tip, signal);
  return { ...document, version: tip.id };
}

async function readFoldedRun(
  context: QueueContext,
  local: Repository,
  refs: QueueRefs,
  runId: string,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  for (const [queue, index] of refs.folded) {
    const paths = await foldedPathsShown(context, local, queue, index, signal);
    const path = paths.find((folded) => folded.runId === runId);
    if (path === undefined) continue;
    const id = await logTip(context, local, queue, signal);
    if (id === undefined) continue;
    const { document, version } = await readFolded(context, local, { queue, id }, path, signal);
    return { ...document, version };
  }
  return undefined;
}

/** All runs' heads, in three processes however many refs there are; newest first. */
export async function listRuns(
  context: QueueContext,
  limit: number,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const { store, heads, lister } = context;
  const local = await store.open("read", signal);
  if (local === undefined) return [];
  const refs = await currentRefs(store, local, [runRefs, queueRefs], signal);
  const listed = [...(await ownRuns(context, local, refs, signal))];
  if ([...refs.keys()].some((name) => name.startsWith(queueRefs))) {
    const queued = await lister.list(local, "all", signal);
    const read = await heads.read(local, queued.tips, signal);
    queued.tips.forEach(({ id, parsed }, at) => {
      const head = read[at] ?? readHead(parsed.runId, undefined);
      listed.push(head.kind === "run" ? { ...head, version: id } : { ...head, runId: parsed.runId, version: id });
    });
    listed.push(...(await foldedRuns(context, local, queued, limit, signal)));
  }
  return listed.sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : madeAt(a) > madeAt(b) ? -1 : 0)).slice(0, limit);
}

/** Runs that no queue holds. */
async function ownRuns(
  { store }: QueueContext,
  local: Repository,
  refs: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const found: { readonly name: string; readonly runId: string; readonly id: string }[] = [];
  for (const [name, id] of refs) {
    const runId = runIdOf(name);
    if (runId !== undefined) found.push({ name, runId, id });
  }
  const request = { tips: found, paths: [runFiles.head], maxBytes: maxHeadBytes } as const;
  const heads = await readTips(store, local, request, signal);
  return found.map(({ runId, id }, index): ListedRun => {
    const read = readHead(runId, heads[index]?.[0]?.content);
    return read.kind === "run" ? { ...read, version: id } : { ...read, runId, version: id };
  });
}

/** The newest folded runs of each queue, by when they were put into it. */
async function foldedRuns(
  context: QueueContext,
  local: Repository,
  refs: QueueRefs,
  limit: number,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const listed: ListedRun[] = [];
  const there = new Set(refs.tips.map((tip: Tip) => tip.parsed.runId));
  for (const [queue, index] of refs.folded) {
    const all = await foldedPathsShown(context, local, queue, index, signal);
    const paths = [...all].filter(({ runId }) => !there.has(runId)).sort((a, b) => b.time - a.time);
    const log = await logTip(context, local, queue, signal);
    if (log === undefined) continue;
    for (const { run, version } of await foldedHeads(local, log, paths.slice(0, limit), signal)) {
      listed.push({ kind: "run", run, version });
    }
  }
  return listed;
}

/** When a run was made, as text that sorts. What can't be read comes last. */
function madeAt(listed: ListedRun): string {
  return listed.kind === "run" ? listed.run.created_at : "";
}
