import { type ReadObject, readInParts, readObjects, readTree } from "../../../clients/git/objects/read-objects.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import { LaunchError } from "../../../core/errors.ts";
import { quoted } from "../../../core/output/said.ts";
import { parseKey } from "../../../queues/key.ts";
import type { ListedRun } from "../../store.ts";
import { readDocument, type Loaded } from "../runs/documents.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import { foldedRef, logRef } from "../queue/queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes, maxIndexBytes, readHead, runFiles } from "../runs/run-files.ts";
import { placed, placedDocument } from "../../../run/transitions.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { currentRefs } from "../repository/settle.ts";

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

export const monthPattern = /^\d{4}-\d{2}$/;

/** A queue's index, by the value of its c/folded; undefined when nothing has been folded. */
export type FoldedIndex = { readonly queue: string; readonly id: string | undefined };

/** Which runs of a queue are folded, the latest ended last. */
export async function foldedPaths(
  opened: OpenedQueueContext,
  index: FoldedIndex,
  signal: AbortSignal,
): Promise<readonly FoldedPath[]> {
  const { queue, id } = index;
  if (id === undefined) return [];
  const cached = opened.folded.get(queue);
  if (cached?.id === id) return cached.paths;
  const paths: FoldedPath[] = [];
  for (const [month, lines] of await readMonths(opened, index, signal)) {
    for (const line of lines) {
      const path = foldedPathOf(month, line);
      if (path !== undefined) paths.push(path);
    }
  }
  paths.sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.time - b.time));
  opened.folded.set(queue, { id, paths });
  return paths;
}

function foldedPathOf(month: string, line: string): FoldedPath | undefined {
  const [dayOfMonth = "", key = ""] = line.split("/");
  const parsed = parseKey(key);
  if (parsed === undefined || !/^\d{2}$/.test(dayOfMonth)) return undefined;
  const day = `${month.replace("-", "/")}/${dayOfMonth}`;
  return { path: `${day}/${key}`, day, key, runId: parsed.runId, time: parsed.time };
}

/** For who only looks: an index that can't be read is told of, and hides nothing else. */
export async function foldedPathsShown(
  opened: OpenedQueueContext,
  index: FoldedIndex,
  signal: AbortSignal,
): Promise<readonly FoldedPath[]> {
  try {
    return await foldedPaths(opened, index, signal);
  } catch (error) {
    if (!(error instanceof LaunchError && error.code === "store-failed")) throw error;
    opened.log.warning(quoted(error.message));
    return [];
  }
}

/** Month → its lines. Throws `store-failed` when one can't be read: an index that is made of what is left would be without its runs. */
export async function readMonths(
  opened: OpenedStore,
  { queue, id }: FoldedIndex,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (id === undefined) return new Map();
  const { local } = opened;
  const name = foldedRef(queue);
  await readTips(opened, { tips: [{ name, id }], paths: [""], maxBytes: maxHeadBytes }, signal);
  const unreadable = (what: string): LaunchError =>
    new LaunchError(
      "store-failed",
      `which runs of queue "${queue}" are folded can't be read: ${what} of the commit ${id} is missing or damaged in ${local.directory}`,
    );
  const tree = await readTree(local, `${id}:`, signal);
  if (tree === undefined) throw unreadable("the tree");
  const months = tree.map((entry) => entry.name).filter((month) => monthPattern.test(month));
  const revisions = months.map((month) => `${id}:${month}`);
  const files = await readObjects(local, { revisions, maxBytes: maxIndexBytes }, signal);
  return new Map(
    months.map((month, index) => {
      const content = files[index]?.content;
      if (content === undefined) throw unreadable(`the file ${month}`);
      return [month, content.toString().split("\n").filter(Boolean)];
    }),
  );
}

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

/** Heads of folded runs; the version names the run's folder, and the log where that can't be read. */
export async function foldedHeads(
  local: Repository,
  { log, paths }: { readonly log: string; readonly paths: readonly FoldedPath[] },
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
