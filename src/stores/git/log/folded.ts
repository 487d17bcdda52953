import { maxTreeBytes, type ReadObject, readInParts, readObjects } from "../../../clients/git/objects/read-objects.ts";
import { folderNames } from "../../../clients/git/objects/tree-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import { parseKey } from "../../../queues/key.ts";
import type { ListedRun } from "../../store.ts";
import { readDocument, type Loaded } from "../runs/documents.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import { logRef } from "../queue/queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes, missing, readHead, runFiles } from "../runs/run-files.ts";
import { placed, placedDocument } from "../../../run/transitions.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { currentRefs } from "../repository/settle.ts";
import type { FoldedIndex } from "./index-files.ts";
import { foldedMonths, type FoldedMonth, type IndexBudget, linesOf } from "./index-months.ts";

/*
 * Runs that have been folded away. The log of a queue is a chain of commits whose tip's tree has each run's files in a folder
 * <YYYY>/<MM>/<DD>/<key>, by the day of its end. Beside it the ref c/folded says which runs are there, in a file for each month with a
 * line <DD>/<key> for each run: whoever enqueues needs that alone, and not the runs.
 */
export type FoldedPath = {
  /** `2026/11/23/<key>`. */
  readonly path: string;
  readonly day: string;
  readonly key: string;
  readonly runId: string;
  /** When it was put into its queue. */
  readonly time: number;
};

/** Which of these runs are folded in a queue, the latest ended first. */
export async function findFolded(
  opened: OpenedQueueContext,
  { runIds, ...index }: FoldedIndex & { readonly runIds: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<readonly FoldedPath[]> {
  const found: FoldedPath[] = [];
  if (runIds.size === 0) return found;
  for await (const { month, text } of foldedMonths(opened, index, signal)) {
    for (const line of linesOf(text)) {
      // Of very many lines only those that are wanted are looked at.
      if (!runIds.has(line.slice(idAt))) continue;
      const path = foldedPathOf(month, line);
      if (path !== undefined) found.push(path);
    }
  }
  return found;
}

type NewestFolded = FoldedIndex & {
  readonly limit: number;
  /** Runs that are elsewhere too. */
  readonly without: ReadonlySet<string>;
  readonly budget?: IndexBudget;
};

/** The folded runs of a queue that were put into it last, newest first. */
export async function newestFolded(
  opened: OpenedQueueContext,
  { limit, without, ...index }: NewestFolded,
  signal: AbortSignal,
): Promise<readonly FoldedPath[]> {
  const newest = (paths: readonly FoldedPath[]): FoldedPath[] =>
    paths.toSorted((a, b) => b.time - a.time).slice(0, limit);
  let found: FoldedPath[] = [];
  for await (const month of foldedMonths(opened, index, signal)) {
    for (const path of pathsOf(month)) if (!without.has(path.runId)) found.push(path);
    if (found.length < limit) continue;
    found = newest(found);
    // A run that ended in an earlier month was put into its queue before this one began.
    if ((found.at(-1)?.time ?? 0) >= Date.parse(`${month.month}-01T00:00:00.000Z`)) break;
  }
  return newest(found);
}

/** The folded runs of as many days as are needed for `limit`, from the latest: within a day the index doesn't know which ended last. */
export async function newestDays(
  opened: OpenedQueueContext,
  { limit, without, ...index }: NewestFolded,
  signal: AbortSignal,
): Promise<readonly FoldedPath[]> {
  const found: FoldedPath[] = [];
  if (limit <= 0) return found;
  for await (const month of foldedMonths(opened, index, signal)) {
    for (const path of pathsOf(month)) if (!without.has(path.runId)) found.push(path);
    if (found.length >= limit) break;
  }
  const days = found.map(({ day }) => day).sort();
  const first = days.at(-limit) ?? "";
  return found.filter(({ day }) => day >= first);
}

function* pathsOf({ month, text }: FoldedMonth): Generator<FoldedPath, undefined> {
  for (const line of new Set(linesOf(text))) {
    const path = foldedPathOf(month, line);
    if (path !== undefined) yield path;
  }
}

/** `23/2-01jdb0v7zk-` stands before a run's id. */
const idAt = 16;

/** A line that is none of ours is undefined. */
export function foldedPathOf(month: string, line: string): FoldedPath | undefined {
  const [dayOfMonth = "", key = "", ...rest] = line.split("/");
  const parsed = parseKey(key);
  if (parsed === undefined || rest.length > 0 || !dayPattern.test(dayOfMonth)) return undefined;
  const day = `${month.replace("-", "/")}/${dayOfMonth}`;
  return { path: `${day}/${key}`, day, key, runId: parsed.runId, time: parsed.time };
}

export const dayPattern = /^(?:0[1-9]|[12]\d|3[01])$/;

/** The log's tip, with its objects; undefined when nothing has been folded. */
export async function logTip(opened: OpenedStore, queue: string, signal: AbortSignal): Promise<string | undefined> {
  const name = logRef(queue);
  const id = (await currentRefs(opened, [name], signal)).get(name);
  if (id === undefined) return undefined;
  const before = await localLog(opened.local, name, signal);
  await readTips(opened, { tips: [{ name, id, before }], paths: [""], maxBytes: maxHeadBytes }, signal);
  return id;
}

/** The log as this machine has it: what is new is fetched as a difference. */
async function localLog(local: Repository, name: string, signal: AbortSignal): Promise<string | undefined> {
  const [found] = await readObjects(local, { revisions: [name], maxBytes: maxHeadBytes }, signal);
  return found?.id;
}

type LoggedPaths = { readonly log: string; readonly paths: readonly FoldedPath[] };

/** So many are looked for without asking first which of them the log has. */
const fewPaths = 1_000;

/** So many are read by one process. */
const partPaths = 10_000;

/** Heads of folded runs; the version names the run's folder, and the log where that can't be read. */
export async function foldedHeads(
  local: Repository,
  { log, paths }: LoggedPaths,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  if (paths.length <= fewPaths) return headsAt(local, { log, paths }, signal);
  const there = await loggedPaths(local, { log, paths }, signal);
  const found: ListedRun[] = paths.flatMap(({ path, runId }) =>
    there.has(path) ? [] : [{ kind: "unreadable" as const, why: missing, runId, version: log }],
  );
  const known = paths.filter(({ path }) => there.has(path));
  for (let at = 0; at < known.length; at += partPaths) {
    for (const head of await headsAt(local, { log, paths: known.slice(at, at + partPaths) }, signal)) found.push(head);
  }
  return found;
}

/** Which of these the log has, by the folders of their days: git takes long to find each of very many that are nowhere. */
async function loggedPaths(
  local: Repository,
  { log, paths }: LoggedPaths,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const days = [...new Set(paths.map(({ day }) => day))];
  const found = new Set<string>();
  const make = ([tree]: readonly (ReadObject | undefined)[], index: number): void => {
    for (const name of tree?.type === "tree" ? folderNames(local.format, tree) : [])
      found.add(`${days[index] ?? ""}/${name}`);
  };
  const revisions = days.map((day) => `${log}:${day}`);
  await readInParts(local, { revisions, maxBytes: maxTreeBytes, each: 1, make }, signal);
  return found;
}

async function headsAt(
  local: Repository,
  { log, paths }: LoggedPaths,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const revisions = paths.flatMap(({ path }) => [`${log}:${path}/${runFiles.head}`, `${log}:${path}`]);
  const make = ([content, folder]: readonly (ReadObject | undefined)[], index: number): readonly ListedRun[] =>
    paths.slice(index, index + 1).map(({ runId }) => {
      const head = readHead(runId, content?.content);
      const version = folder?.id ?? log;
      if (head.kind === "unreadable") return { ...head, runId, version };
      return { kind: "run", run: placed(head.run, "ended"), version };
    });
  return (await readInParts(local, { revisions, maxBytes: maxHeadBytes, each: 2, make }, signal)).flat();
}

/** A folded run in the log of its queue, which was at the commit `log`. */
type FoldedRun = { readonly queue: string; readonly log: string; readonly path: FoldedPath };

/** A folded run, whole. */
export async function readFolded(
  opened: OpenedStore,
  { queue, log, path: { path, runId } }: FoldedRun,
  signal: AbortSignal,
): Promise<Loaded & { readonly version: string }> {
  const tip = { name: logRef(queue), id: log };
  const loaded = await readDocument(opened, { runId, tip, path: `${path}/` }, signal);
  const [folder] = await readObjects(opened.local, { revisions: [`${log}:${path}`], maxBytes: maxHeadBytes }, signal);
  return { ...loaded, document: placedDocument(loaded.document, "ended"), version: folder?.id ?? log };
}
