import type { ReadObject } from "../../../clients/git/objects/read-objects.ts";
import type { ListedRun } from "../../store.ts";
import type { StoredRun } from "../../../run/document.ts";
import { findFolded, foldedHeads, logTip, newestFolded, readFolded } from "../log/folded.ts";
import { indexBudget } from "../log/index-months.ts";
import { type OpenedQueueContext, openForReading, type QueueContext } from "../queue/queue-context.ts";
import { queueRefs, type QueueRefs, type Tip } from "../queue/queue-refs.ts";
import type { RunPlace } from "./documents.ts";
import { makeOfTips } from "./read-tips.ts";
import { maxHeadBytes, readHead, runFiles, runIdOf, runRef, runRefs } from "./run-files.ts";
import { placed, placedDocument } from "../../../run/transitions.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { currentRefs, type Refs } from "../repository/settle.ts";

/* Runs by their id, wherever they are: held by no queue, in one, or folded away. */

/** One run as it is now. Throws `store-failed` when it is newer than this version or damaged. */
export async function readRun(
  context: QueueContext,
  runId: string,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return undefined;
  const name = runRef(runId);
  const id = (await currentRefs(opened, [name], signal)).get(name);
  if (id !== undefined) return readAt(opened, { runId, tip: { name, id } }, signal);
  if ((await currentRefs(opened, [queueRefs], signal)).size === 0) return undefined;
  const { tips, folded } = await context.lister.list(opened, "all", signal);
  const tip = tips.find(({ parsed }) => parsed.runId === runId);
  if (tip !== undefined) {
    const { document } = await opened.documents.read(opened, { runId, tip }, signal);
    return { ...placedDocument(document, tip.place), version: tip.id };
  }
  return readFoldedRun(opened, { runId, folded }, signal);
}

async function readAt(
  opened: OpenedQueueContext,
  run: RunPlace,
  signal: AbortSignal,
): Promise<StoredRun> {
  const { document } = await opened.documents.read(opened, run, signal);
  return { ...document, version: run.tip.id };
}

async function readFoldedRun(
  opened: OpenedQueueContext,
  { runId, folded }: Pick<QueueRefs, "folded"> & Pick<RunPlace, "runId">,
  signal: AbortSignal,
): Promise<StoredRun | undefined> {
  for (const [queue, id] of folded) {
    const [path] = await findFolded(opened, { queue, id, runIds: new Set([runId]) }, signal);
    if (path === undefined) continue;
    const log = await logTip(opened, queue, signal);
    if (log === undefined) continue;
    const { document, version } = await readFolded(opened, { queue, log, path }, signal);
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
  const { heads, lister } = context;
  const opened = await openForReading(context, signal);
  if (opened === undefined) return [];
  const refs = await currentRefs(opened, [runRefs, queueRefs], signal);
  const listed = [...(await ownRuns(opened, refs, signal))];
  if ([...refs.keys()].some((name) => name.startsWith(queueRefs))) {
    const queued = await lister.list(opened, "all", signal);
    const read = await heads.read(opened, queued.tips, signal);
    queued.tips.forEach(({ id, parsed, place }, at) => {
      const head = read[at] ?? readHead(parsed.runId, undefined);
      if (head.kind === "run") listed.push({ kind: "run", run: placed(head.run, place), version: id });
      else listed.push({ ...head, runId: parsed.runId, version: id });
    });
    for (const item of await foldedRuns(opened, { refs: queued, limit }, signal)) listed.push(item);
  }
  const latest = new Date(opened.clock.now().getTime() + furthestAheadMs).toISOString();
  const times = new Map(listed.map((item) => [item, madeAt(item, latest)]));
  const timeOf = (item: ListedRun): string => times.get(item) ?? "";
  return listed.sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : timeOf(a) > timeOf(b) ? -1 : 0)).slice(0, limit);
}

/** Runs that no queue holds. */
async function ownRuns(
  opened: OpenedStore,
  refs: Refs,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const found: { readonly name: string; readonly runId: string; readonly id: string }[] = [];
  for (const [name, id] of refs) {
    const runId = runIdOf(name);
    if (runId !== undefined) found.push({ name, runId, id });
  }
  const make = ([head]: readonly (ReadObject | undefined)[], index: number): readonly ListedRun[] =>
    found.slice(index, index + 1).map(({ runId, id }) => {
      const read = readHead(runId, head?.content);
      return read.kind === "run" ? { ...read, version: id } : { ...read, runId, version: id };
    });
  return (await makeOfTips(opened, { tips: found, paths: [runFiles.head], maxBytes: maxHeadBytes, make }, signal)).flat();
}

const fewRuns = 1_000;

/** The newest folded runs of each queue, by when they were put into it. */
async function foldedRuns(
  opened: OpenedQueueContext,
  { refs, limit }: { readonly refs: QueueRefs; readonly limit: number },
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const listed: ListedRun[] = [];
  const there = new Set(refs.tips.map((tip: Tip) => tip.parsed.runId));
  const shared = indexBudget();
  for (const [queue, id] of refs.folded) {
    // Of a few the rest is forgotten before the next queue's are read.
    const budget = limit > fewRuns ? shared : indexBudget();
    const paths = await newestFolded(opened, { queue, id, limit, without: there, budget }, signal);
    const log = paths.length === 0 ? undefined : await logTip(opened, queue, signal);
    if (log === undefined) continue;
    for (const head of await foldedHeads(opened.local, { log, paths }, signal)) listed.push(head);
  }
  return listed;
}

/** When a run was made, as text that sorts. What can't be read comes last, and so does what is of a time that is not yet. */
function madeAt(listed: ListedRun, latest: string): string {
  if (listed.kind === "unreadable" || listed.run.created_at > latest) return "";
  return listed.run.created_at;
}

/** No clock is off by more. */
const furthestAheadMs = 24 * 3_600_000;
