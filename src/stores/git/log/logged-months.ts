import { maxTreeBytes, readObjects } from "../../../clients/git/objects/read-objects.ts";
import { folderNames } from "../../../clients/git/objects/tree-format.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import { dayPattern, foldedPathOf } from "./folded.ts";
import { maxMonthLines, maxMonths, newestFirst } from "./index-files.ts";

/* What the log itself has, by month, for an index that is made anew. What of it can't be read is left out: no run could be read there. */

const yearPattern = /^\d{4}$/;
const monthPattern = /^(?:0[1-9]|1[0-2])$/;

/** The months of which a log has runs. */
export async function loggedMonths(
  opened: OpenedQueueContext,
  log: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (log === undefined) return [];
  const years = await foldersIn(opened, { path: `${log}:`, pattern: yearPattern, most: maxMonths }, signal);
  const newest = years.toSorted().reverse();
  const months: { readonly month: string }[] = [];
  for (const year of newest) {
    const found = await foldersIn(opened, { path: `${log}:${year}`, pattern: monthPattern, most: 12 }, signal);
    months.push(...found.map((month) => ({ month: `${year}-${month}` })));
    if (months.length >= maxMonths) break;
  }
  return newestFirst(months, opened.clock.now())
    .slice(0, maxMonths)
    .map(({ month }) => month);
}

/** The lines that the index has for the runs of a month. */
export async function loggedLines(
  opened: OpenedQueueContext,
  { log, month }: { readonly log: string | undefined; readonly month: string },
  signal: AbortSignal,
): Promise<Set<string>> {
  const lines = new Set<string>();
  if (log === undefined) return lines;
  const path = `${log}:${month.replace("-", "/")}`;
  for (const day of await foldersIn(opened, { path, pattern: dayPattern, most: 31 }, signal)) {
    const request = { path: `${path}/${day}`, pattern: /./, most: maxMonthLines } as const;
    for (const key of await foldersIn(opened, request, signal)) {
      const line = `${day}/${key}`;
      if (foldedPathOf(month, line) !== undefined) lines.add(line);
      if (lines.size > maxMonthLines) return lines;
    }
  }
  return lines;
}

type Folders = { readonly path: string; readonly pattern: RegExp; readonly most: number };

async function foldersIn(
  { local }: OpenedQueueContext,
  { path, pattern, most }: Folders,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const [tree] = await readObjects(local, { revisions: [path], maxBytes: maxTreeBytes }, signal);
  const names = tree?.type === "tree" ? folderNames(local.format, tree) : [];
  return names.filter((name) => pattern.test(name)).slice(0, most);
}
