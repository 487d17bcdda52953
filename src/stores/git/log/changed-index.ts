import { newBlob, type NewObject } from "../../../clients/git/objects/object-format.ts";
import { readHeads, readObjects } from "../../../clients/git/objects/read-objects.ts";
import { newFilesTree } from "../../../clients/git/objects/tree-format.ts";
import { formatCommandLine } from "../../../core/command-line.ts";
import { LaunchError } from "../../../core/errors.ts";
import { say } from "../../../core/output/said.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import { foldedPathOf } from "./folded.ts";
import {
  asideWords,
  type IndexFile,
  indexFiles,
  maxIndexLines,
  maxMonthBytes,
  maxMonthLines,
  newestFirst,
  type SetAside,
} from "./index-files.ts";
import { linesOf, unreadable } from "./index-months.ts";
import { loggedLines, loggedMonths } from "./logged-months.ts";
import type { LogChange, NewTreeObjects } from "./log-tree.ts";

/*
 * The index as a change of the log leaves it. Only the files of the months in which runs come or go are read; the others stay as they are. What
 * can't be read is made anew of the log: it has the runs themselves, and the index is a list of what it has.
 */

type Lines = { readonly added: Set<string>; readonly removed: Set<string> };

/** The tree of the index after this change, with all new objects. */
export async function changedIndex(
  opened: OpenedQueueContext,
  change: LogChange,
  signal: AbortSignal,
): Promise<NewTreeObjects> {
  const { queue, log, index } = change;
  const { files, aside } = await indexFiles(opened, { queue, id: index }, signal);
  const old = new Map(files.map(({ month, id }) => [month, id]));
  const changes = byMonth(change);
  const unread: SetAside[] = [...aside];
  const made = new Map<string, NewObject | undefined>();
  let count = 0;
  for (const [month, { added, removed }] of changes) {
    const file = old.get(month);
    const found = file === undefined ? undefined : await oldLines(opened, { month, file }, signal);
    if (file !== undefined && found === undefined) unread.push({ place: month, why: unreadable });
    const lines = await linesAfter(opened, { log, month, old: found, added, removed }, signal);
    if (lines.size > maxMonthLines) throw tooMany({ queue, month }, lines.size);
    count += lines.size;
    made.set(month, blobOf(opened, lines, file));
  }
  const lost = await lostMonths(opened, { log, files, changed: new Set(changes.keys()) }, signal);
  for (const month of lost) {
    const file = old.get(month);
    unread.push({ place: month, why: file === undefined ? "it is in the log alone" : unreadable });
    const lines = count > maxIndexLines ? undefined : await loggedLines(opened, { log, month }, signal);
    const isShort = lines !== undefined && lines.size <= maxMonthLines;
    if (!isShort) unread.push({ place: month, why: "the log has more runs than an index is made anew of" });
    count += lines?.size ?? 0;
    made.set(month, isShort ? blobOf(opened, lines, file) : undefined);
  }
  if (unread.length > 0) {
    opened.log.warning(say`${asideWords({ queue, id: index }, unread)}; what the queue's log has is indexed anew`);
  }
  return treeOf(opened, old, made);
}

/** Files that were and those that were made, undefined for one that goes. */
function treeOf(
  { local: { format } }: OpenedQueueContext,
  old: ReadonlyMap<string, string>,
  made: ReadonlyMap<string, NewObject | undefined>,
): NewTreeObjects {
  const blobs = [...made].flatMap(([month, blob]) => (blob === undefined ? [] : [{ month, blob }]));
  const kept = [...old].filter(([month]) => !made.has(month));
  const ids = new Map([...kept, ...blobs.map(({ month, blob }) => [month, blob.id] as const)]);
  const tree = newFilesTree(format, Object.fromEntries(ids));
  return { tree, objects: [...blobs.map(({ blob }) => blob), tree] };
}

type WhatIsThere = Pick<LogChange, "log"> & {
  readonly files: readonly IndexFile[];
  readonly changed: ReadonlySet<string>;
};

/** Months whose files can't be read, and those that the log has and the index has not; newest first. */
async function lostMonths(
  opened: OpenedQueueContext,
  { log, files, changed }: WhatIsThere,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const others = files.filter(({ month }) => !changed.has(month));
  const ids = others.map(({ id }) => id);
  const heads = ids.length === 0 ? [] : await readHeads(opened.local, ids, signal);
  const unread = others.filter((_file, at) => {
    const head = heads[at];
    // An empty one was never written: a month without runs has no file.
    return head?.type !== "blob" || head.size === 0 || head.size > maxMonthBytes;
  });
  const there = new Set([...changed, ...files.map(({ month }) => month)]);
  const unlisted = (await loggedMonths(opened, log, signal)).filter((month) => !there.has(month));
  const months = [...unread.map(({ month }) => month), ...unlisted].map((month) => ({ month }));
  return newestFirst(months, opened.clock.now()).map(({ month }) => month);
}

function byMonth({ added, removed }: LogChange): ReadonlyMap<string, Lines> {
  const months = new Map<string, Lines>();
  const linesIn = (month: string): Lines => {
    const lines = months.get(month) ?? { added: new Set(), removed: new Set() };
    months.set(month, lines);
    return lines;
  };
  for (const path of removed) linesIn(placeOf(path).month).removed.add(placeOf(path).line);
  for (const path of added.keys()) linesIn(placeOf(path).month).added.add(placeOf(path).line);
  return months;
}

/** The lines that a month's file has, without what is none; undefined when it can't be read, or was never written by a fold. */
async function oldLines(
  { local }: OpenedQueueContext,
  { month, file }: { readonly month: string; readonly file: string },
  signal: AbortSignal,
): Promise<Set<string> | undefined> {
  const [found] = await readObjects(local, { revisions: [file], maxBytes: maxMonthBytes }, signal);
  if (found?.type !== "blob") return undefined;
  const lines = new Set<string>();
  for (const line of linesOf(found.content.toString("latin1"))) {
    if (foldedPathOf(month, line) !== undefined) lines.add(line);
    if (lines.size > maxMonthLines) return undefined;
  }
  // A month without runs has no file.
  return lines.size === 0 ? undefined : lines;
}

type MonthChange = Lines & {
  readonly log: string | undefined;
  readonly month: string;
  readonly old: Set<string> | undefined;
};

async function linesAfter(
  opened: OpenedQueueContext,
  { log, month, old, added, removed }: MonthChange,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  // In place: there may be very many.
  const changed = (lines: Set<string>): ReadonlySet<string> => {
    for (const line of removed) lines.delete(line);
    for (const line of added) lines.add(line);
    return lines;
  };
  const after = old === undefined ? undefined : changed(old);
  if (after !== undefined && after.size <= maxMonthLines) return after;
  // One that is full of lines that the log does not have has room in truth.
  return changed(await loggedLines(opened, { log, month }, signal));
}

/**
 * None for a month without runs. One whose content is that of a file which can't be read gets another name: git would take the damaged one for
 * it.
 */
function blobOf(
  { local: { format } }: OpenedQueueContext,
  lines: ReadonlySet<string>,
  old: string | undefined,
): NewObject | undefined {
  if (lines.size === 0) return undefined;
  const text = `${[...lines].sort().join("\n")}\n`;
  const blob = newBlob(format, text);
  return blob.id === old ? newBlob(format, `${text}\n`) : blob;
}

function tooMany({ queue, month }: { readonly queue: string; readonly month: string }, count: number): LaunchError {
  const prune = formatCommandLine(["launch", "prune", "--older-than", "7d"]);
  return new LaunchError(
    "store-failed",
    `queue "${queue}" would have ${count} folded runs of ${month}, and there is room for ${maxMonthLines}; ${prune} removes old ones`,
  );
}

/** Of `2026/11/23/<key>`: the index' file `2026-11` and its line `23/<key>`. */
function placeOf(path: string): { readonly month: string; readonly line: string } {
  const [year = "", month = "", ...rest] = path.split("/");
  return { month: `${year}-${month}`, line: rest.join("/") };
}
