import { readTree } from "../../../clients/git/objects/read-objects.ts";
import { isFile, nameText } from "../../../clients/git/objects/tree-format.ts";
import { LaunchError } from "../../../core/errors.ts";
import { formatCommandLine } from "../../../core/command-line.ts";
import { joined, named, ours, type Said, say } from "../../../core/output/said.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { foldedRef, logRef } from "../queue/queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes } from "../runs/run-files.ts";

/*
 * The index of a queue's folded runs, as a tree: a file for each month. Whoever can push can put anything in its place, so no more of it is
 * read than these bounds allow, and what lies beyond or can't be read is set aside: the rest counts, and what is left out is told.
 */

/** So many runs of one month fit into its file; fold puts no more into it. A line has at most 57 bytes. */
export const maxMonthLines = 100_000;
export const maxMonthBytes = 8 * 1024 * 1024;

/** So much of indexes is read for one answer, whatever the number of months and queues. */
export const maxIndexLines = 500_000;
export const maxIndexBytes = 32 * 1024 * 1024;

/** A hundred years. */
export const maxMonths = 1_200;

const monthPattern = /^\d{4}-(?:0[1-9]|1[0-2])$/;

/** A queue's index, by the value of its c/folded; undefined when nothing has been folded. */
export type FoldedIndex = { readonly queue: string; readonly id: string | undefined };

/** A month's file. */
export type IndexFile = { readonly month: string; readonly id: string };

/** What of an index isn't read: where it is, and why. */
export type SetAside = { readonly place: string; readonly why: string };

export type IndexFiles = {
  /** Newest first; months that are not yet come last, since no run of theirs can have ended. */
  readonly files: readonly IndexFile[];
  readonly aside: readonly SetAside[];
};

/** The files of an index. */
export async function indexFiles(
  opened: OpenedStore & { readonly clock: { readonly now: () => Date } },
  { queue, id }: FoldedIndex,
  signal: AbortSignal,
): Promise<IndexFiles> {
  if (id === undefined) return { files: [], aside: [] };
  await readTips(opened, { tips: [{ name: foldedRef(queue), id }], paths: [""], maxBytes: maxHeadBytes }, signal);
  const tree = await orUndefined(readTree(opened.local, `${id}:`, signal));
  if (tree === undefined) {
    const why = "it is no commit with a tree of months, or its objects are missing or damaged";
    return { files: [], aside: [{ place: "all of it", why }] };
  }
  const aside: SetAside[] = [];
  const files: IndexFile[] = [];
  for (const entry of tree) {
    const month = nameText(entry.name);
    if (!monthPattern.test(month)) aside.push({ place: month, why: "it is no month" });
    else if (!isFile(entry)) aside.push({ place: month, why: "it is no file" });
    else files.push({ month, id: entry.id });
  }
  const sorted = newestFirst(files, opened.clock.now());
  for (const { month } of sorted.slice(maxMonths))
    aside.push({ place: month, why: `there are more than ${maxMonths}` });
  return { files: sorted.slice(0, maxMonths), aside };
}

/** Of months as texts, those that are not yet come last: no clock is off by a month. */
export function newestFirst<T extends { readonly month: string }>(months: readonly T[], now: Date): readonly T[] {
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString().slice(0, 7);
  const rank = ({ month }: T): string => (month > next ? `0${month}` : `1${month}`);
  return months.toSorted((a, b) => (rank(a) < rank(b) ? 1 : rank(a) > rank(b) ? -1 : 0));
}

/** What is damaged in a way that its reader throws at. */
export async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof LaunchError && error.code === "store-failed") return undefined;
    throw error;
  }
}

/** So many places are told one by one. */
const maxTold = 5;

/** What of an index is set aside, for people. */
export function asideWords({ queue, id }: FoldedIndex, aside: readonly SetAside[]): Said {
  const told = aside.slice(0, maxTold).map(({ place, why }) => say`${place}: ${ours(why)}`);
  const more = aside.length > maxTold ? [say`and ${aside.length - maxTold} more`] : [];
  return say`of the index of queue "${named(queue)}"'s folded runs (${ours(foldedRef(queue))} at ${ours(id ?? "")}) is set aside: ${joined([...told, ...more], "; ")}`;
}

/** How it comes right again. */
export function mendingWords(queue: string): Said {
  const prune = formatCommandLine(["launch", "prune", "--older-than", "90d"]);
  return say`what can't be read an agent writes anew from ${ours(logRef(queue))} when it folds the queue's next runs; where there are too many, ${ours(prune)} removes old ones`;
}
