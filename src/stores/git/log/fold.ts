import { readObjects } from "../../../clients/git/objects/read-objects.ts";
import type { RefChange } from "../../../clients/git/refs.ts";
import type { RunHead } from "../../../run/head.ts";
import { logTip } from "./folded.ts";
import { changedLog } from "./log-tree.ts";
import { type OpenedQueueContext, openForWriting, type QueueContext, writeChange } from "../queue/queue-context.ts";
import { cancelRef, foldedRef, logRef, type QueueRefs, type Tip } from "../queue/queue-refs.ts";
import { maxHeadBytes } from "../runs/run-files.ts";

/*
 * Folding: ended runs' files go, trees and all, into the queue's log, and their refs are removed, in one move. Two who fold at once
 * both replace the log's tip, so one of them changes nothing.
 */
type Ended = { readonly tip: Tip; readonly run: RunHead };

/** Two refs of each move are the log's and the index's. */
const logChanges = 2;

/** Files of the index that one move changes: each may be long. */
const maxMonthsChanged = 2;

/** Folds ended runs of a queue but for the `keep` that ended last. Returns how many were folded. */
export async function fold(
  context: QueueContext,
  { queue, keep }: { readonly queue: string; readonly keep: number },
  signal: AbortSignal,
): Promise<number> {
  const opened = await openForWriting(context, signal);
  const refs = await context.lister.list(opened, [queue], signal);
  const ended = await endedRuns(opened, refs, signal);
  let left = ended.slice(Math.max(0, keep));
  let folded = 0;
  while (left.length > 0) {
    const part = takePart(left, refs.cancels, context.store.maxChanges - logChanges);
    if (!(await foldPart(opened, { queue, ...part }, signal))) return folded;
    folded += part.runs.length;
    left = left.slice(part.runs.length);
  }
  await removeOldMarks(opened, refs, signal);
  return folded;
}

/** The ended runs of a listing, newest first. */
export async function endedRuns(
  opened: OpenedQueueContext,
  refs: QueueRefs,
  signal: AbortSignal,
): Promise<readonly Ended[]> {
  const tips = refs.tips.filter(({ place }) => place === "ended");
  const read = await opened.heads.read(opened, tips, signal);
  const ended = tips.flatMap((tip, index) => {
    const head = read[index];
    return head?.kind === "run" ? [{ tip, run: head.run }] : [];
  });
  return ended.sort((a, b) => (endOf(a.run) < endOf(b.run) ? 1 : -1));
}

export function endOf(run: RunHead): string {
  return run.finished_at ?? run.updated_at;
}

type Part = { readonly runs: readonly Ended[]; readonly removals: readonly RefChange[] };

/** As many runs, of a few months, as one move has room for, with the marks of those that somebody wanted cancelled. */
function takePart(ended: readonly Ended[], cancels: ReadonlyMap<string, string>, room: number): Part {
  const runs: Ended[] = [];
  const removals: RefChange[] = [];
  const months = new Set<string>();
  for (const run of ended) {
    const { tip } = run;
    months.add(dayOf(run.run).slice(0, 7));
    const mark = cancelRef(tip.queue, tip.key);
    const own: RefChange[] = [{ name: tip.name, from: tip.id, to: undefined }];
    if (cancels.has(mark)) own.push({ name: mark, from: cancels.get(mark), to: undefined });
    if (removals.length + own.length > room || months.size > maxMonthsChanged) break;
    runs.push(run);
    removals.push(...own);
  }
  return { runs, removals };
}

/** Marks of runs that are no longer there at all: folded, moved or removed. */
async function removeOldMarks(opened: OpenedQueueContext, refs: QueueRefs, signal: AbortSignal): Promise<void> {
  const there = new Set(refs.tips.map(({ queue, key }) => cancelRef(queue, key)));
  const old = [...refs.cancels].filter(([name]) => !there.has(name));
  const changes = old.map(([name, from]) => ({ name, from, to: undefined })).slice(0, opened.store.maxChanges);
  if (changes.length > 0) await writeChange(opened, { objects: [], changes }, signal);
}

async function foldPart(
  opened: OpenedQueueContext,
  { queue, runs, removals }: Part & { readonly queue: string },
  signal: AbortSignal,
): Promise<boolean> {
  const log = await logTip(opened, queue, signal);
  const index = (await opened.lister.list(opened, [queue], signal)).folded.get(queue);
  const revisions = runs.map(({ tip }) => `${tip.id}^{tree}`);
  const trees = await readObjects(opened.local, { revisions, maxBytes: maxHeadBytes }, signal);
  const added = new Map<string, string>();
  runs.forEach(({ tip, run }, at) => {
    const tree = trees[at]?.id;
    if (tree !== undefined) added.set(`${dayOf(run)}/${tip.key}`, tree);
  });
  if (added.size < runs.length) return false;
  const message = `${queue}: ${runs.length} runs folded`;
  const next = await changedLog(opened, { queue, log, index, added, removed: new Set(), message }, signal);
  const changes = [
    { name: logRef(queue), from: log, to: next.log },
    { name: foldedRef(queue), from: index, to: next.index },
    ...removals,
  ];
  return (await writeChange(opened, { objects: next.objects, changes }, signal)).kind === "done";
}

/** `2026/11/23`: the day on which it ended. */
function dayOf(run: RunHead): string {
  return new Date(endOf(run)).toISOString().slice(0, 10).replaceAll("-", "/");
}
