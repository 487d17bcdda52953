import { readObjects } from "../../../clients/git/objects/read-objects.ts";
import { joined, say } from "../../../core/output/said.ts";
import type { OpenedQueueContext } from "../queue/queue-context.ts";
import {
  asideWords,
  type FoldedIndex,
  type IndexFile,
  indexFiles,
  type IndexFiles,
  maxIndexBytes,
  maxIndexLines,
  maxMonthBytes,
  maxMonthLines,
  mendingWords,
  type SetAside,
} from "./index-files.ts";

/* What the files of an index say, month by month, from the newest: whoever has enough of them reads no more. */

/** What may still be read of indexes for one answer. */
export type IndexBudget = { bytes: number; lines: number };

export function indexBudget(): IndexBudget {
  return { bytes: maxIndexBytes, lines: maxIndexLines };
}

/** A line `<DD>/<key>` for each run. */
export type FoldedMonth = { readonly month: string; readonly text: string };

/** What a store remembers of the indexes that it has read. */
export type FoldedCache = {
  /** Queue → the files of its index at this commit. */
  readonly files: Map<string, IndexFiles & { readonly id: string }>;
  /** Blob → its text; the newest that were read, up to some MB together. */
  readonly texts: Map<string, string>;
  /** Index → of how many places was told that they are set aside. */
  readonly told: Map<string, number>;
};

export function foldedCache(): FoldedCache {
  return { files: new Map(), texts: new Map(), told: new Map() };
}

const maxCachedBytes = 16 * 1024 * 1024;

/** The newest file alone may be all that is wanted; of the others some are read together. */
const firstParts = [1, 3];
const partFiles = 8;

/** The months of an index, newest first. What can't be read, or is beyond the bounds, is told of once and left out. */
export async function* foldedMonths(
  opened: OpenedQueueContext,
  { queue, id, budget = indexBudget() }: FoldedIndex & { readonly budget?: IndexBudget },
  signal: AbortSignal,
): AsyncGenerator<FoldedMonth, undefined> {
  if (id === undefined) return;
  const { files, aside } = await filesOf(opened, { queue, id }, signal);
  const missed: SetAside[] = [...aside];
  try {
    let at = 0;
    for (let part = 0; at < files.length; part++) {
      const wanted = files.slice(at, at + (firstParts[part] ?? partFiles));
      at += wanted.length;
      const texts = budget.bytes < 0 ? new Map<string, string>() : await textsOf(opened, wanted, signal);
      for (const { month, id: file } of wanted) {
        const text = texts.get(file);
        const why = budget.bytes < 0 ? tooMany : text === undefined ? unreadable : spend(text, budget);
        if (text === undefined || why !== undefined) missed.push({ place: month, why: why ?? unreadable });
        else yield { month, text };
      }
    }
  } finally {
    tell(opened, { queue, id }, missed);
  }
}

async function filesOf(
  opened: OpenedQueueContext,
  { queue, id }: { readonly queue: string; readonly id: string },
  signal: AbortSignal,
): Promise<IndexFiles> {
  const known = opened.folded.files.get(queue);
  if (known?.id === id) return known;
  const found = await indexFiles(opened, { queue, id }, signal);
  // What could not be read may be there the next time.
  if (found.aside.length === 0) opened.folded.files.set(queue, { ...found, id });
  return found;
}

export const unreadable = `it is missing, damaged or longer than ${maxMonthBytes / 1024 / 1024} MiB`;

const tooMany = `with it more than ${maxIndexLines} runs, or ${maxIndexBytes / 1024 / 1024} MiB, would be read`;

/** By the ids of their files. */
async function textsOf(
  { local, folded: { texts } }: OpenedQueueContext,
  files: readonly IndexFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const { id } of files) {
    const text = texts.get(id);
    if (text !== undefined) found.set(id, text);
  }
  const revisions = [...new Set(files.map(({ id }) => id))].filter((id) => !found.has(id));
  if (revisions.length === 0) return found;
  const objects = await readObjects(local, { revisions, maxBytes: maxMonthBytes }, signal);
  for (const object of objects) {
    if (object?.type !== "blob") continue;
    const text = object.content.toString("latin1");
    found.set(object.id, text);
    remember(texts, object.id, text);
  }
  return found;
}

function remember(texts: Map<string, string>, id: string, text: string): void {
  texts.set(id, text);
  let sum = [...texts.values()].reduce((bytes, { length }) => bytes + length, 0);
  for (const [oldest, { length }] of texts) {
    if (sum <= maxCachedBytes) return;
    texts.delete(oldest);
    sum -= length;
  }
}

/** Takes a file off what may be read; why it may not be. */
function spend(text: string, budget: IndexBudget): string | undefined {
  const lines = countLines(text);
  if (lines > maxMonthLines) return `it has more than ${maxMonthLines} lines`;
  if (text.length > budget.bytes || lines > budget.lines) {
    // From here on older months are left out too: which are shown does not hang on their sizes.
    budget.bytes = -1;
    return tooMany;
  }
  budget.bytes -= text.length;
  budget.lines -= lines;
  return undefined;
}

/** No further than to what is too many. */
function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1 && lines <= maxMonthLines; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** The lines of a month one by one. */
export function* linesOf(text: string): Generator<string, undefined> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const next = end === -1 ? text.length : end;
    if (next > at) yield text.slice(at, next);
    at = next + 1;
  }
}

function tell({ folded: { told }, log }: OpenedQueueContext, index: FoldedIndex, aside: readonly SetAside[]): void {
  const name = `${index.queue}@${index.id ?? ""}`;
  if (aside.length <= (told.get(name) ?? 0)) return;
  told.set(name, aside.length);
  log.warning(joined([say`what ${asideWords(index, aside)}`, mendingWords(index.queue)], "; "));
}
