import { isBefore, type RefChange } from "../../../clients/git/refs.ts";
import { formatKey, nextKeyTime, parseKey } from "../../../queues/key.ts";
import type { EnqueueResult, QueueEntry } from "../../queue-store.ts";
import { checkRoom, queuedOf } from "../../queued-run.ts";
import type { RunDocument } from "../../../run/document.ts";
import { asWaiting } from "../../../run/transitions.ts";
import { type EventObjects, eventObjects } from "../runs/event.ts";
import { findFolded } from "../log/folded.ts";
import { type OpenedQueueContext, openForWriting, type QueueContext } from "./queue-context.ts";
import { emptyCommit } from "./marks.ts";
import { entryRef, idRef, queuePrefix, queueRefs, type QueueRefs, sortRefs, type Tip } from "./queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import { maxHeadBytes, runFiles } from "../runs/run-files.ts";
import { attempts, currentRefs, jitter } from "../repository/settle.ts";

/** A git store is for hundreds of waiting runs: each push of anybody lists all refs. */
export const maxWaiting = 1_000;

/** A run that is on its way into its queue. */
type Draft = {
  readonly queue: string;
  readonly runId: string;
  readonly document: RunDocument;
  readonly event: EventObjects;
  readonly entry: QueueEntry;
  readonly change: RefChange;
};

/** The store's own id, on its way with the first runs: see store-id.ts. Undefined once it is there. */
type Founding = { change: RefChange | undefined };

/**
 * Writes new waiting runs. The refs are listed before each try, and a run that is anywhere in its queue, or folded away, isn't written
 * again: so a run whose answer was lost, and which an agent has taken since, is known as enqueued. Nor is one whose id another queue has.
 */
export async function enqueue(
  context: QueueContext,
  documents: readonly RunDocument[],
  signal: AbortSignal,
): Promise<readonly EnqueueResult[]> {
  const opened = await openForWriting(context, signal);
  const { store } = context;
  const results = new Map<string, EnqueueResult>();
  const waiting = documents.map(asWaiting);
  const queues = new Set(waiting.map(({ run }) => queuedOf(run).queue));
  for (const queue of queues) queuePrefix(queue);
  const listed = await currentRefs(opened, [queueRefs, idRef], signal);
  const refs = sortRefs(listed);
  const runIds = new Set(waiting.map(({ run }) => run.run_id));
  const there = await idsThere(opened, { refs, queues, runIds }, signal);
  const wanted = new Map<string, RunDocument>();
  for (const document of waiting) {
    const { run_id: runId } = document.run;
    if (there.has(runId)) results.set(runId, { kind: "already", runId });
    else if (!wanted.has(runId)) wanted.set(runId, document);
  }
  checkQueues([...wanted.values()], refs);
  const drafts = draftsOf(opened, [...wanted.values()], refs);
  const objects = drafts.flatMap(({ event }) => event.objects);
  const id = listed.has(idRef) || drafts.length === 0 ? undefined : emptyCommit(opened, "the store's id");
  const founding: Founding = { change: id === undefined ? undefined : { name: idRef, from: undefined, to: id.id } };
  if (objects.length > 0) await store.write(opened.local, [...objects, ...(id?.objects ?? [])], signal);
  for (let at = 0; at < drafts.length;) {
    const part = drafts.slice(at, at + store.maxChanges - (founding.change === undefined ? 0 : 1));
    at += part.length;
    for (const result of await pushDrafts(opened, { drafts: part, founding }, signal))
      results.set(runIdOf(result), result);
  }
  return inOrder(documents, results);
}

/** One result for each that was asked for; a run that was asked for twice is there already the second time. */
function inOrder(
  documents: readonly RunDocument[],
  results: ReadonlyMap<string, EnqueueResult>,
): readonly EnqueueResult[] {
  const told = new Set<string>();
  return documents.map(({ run: { run_id: runId } }) => {
    const result = results.get(runId);
    if (result === undefined || told.has(runId)) return { kind: "already", runId };
    told.add(runId);
    return result;
  });
}

function runIdOf(result: EnqueueResult): string {
  return result.kind === "enqueued" ? result.entry.run.run_id : result.runId;
}

type IdsWanted = {
  readonly refs: QueueRefs;
  readonly queues: ReadonlySet<string>;
  readonly runIds: ReadonlySet<string>;
};

/** The ids of all runs that are in a queue, and of those among `runIds` that were folded away out of these. */
async function idsThere(
  opened: OpenedQueueContext,
  { refs, queues, runIds }: IdsWanted,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const there = new Set(refs.tips.map(({ parsed }) => parsed.runId));
  for (const [queue, id] of refs.folded) {
    if (!queues.has(queue)) continue;
    for (const { runId } of await findFolded(opened, { queue, id, runIds }, signal)) there.add(runId);
  }
  return there;
}

function checkQueues(documents: readonly RunDocument[], refs: QueueRefs): void {
  const added = new Map<string, number>();
  for (const { run } of documents) added.set(queuedOf(run).queue, (added.get(queuedOf(run).queue) ?? 0) + 1);
  for (const [queue, count] of added) {
    const waiting = refs.tips.filter((tip) => tip.queue === queue && tip.place === "waiting").length;
    checkRoom(queue, { waiting, added: count, limit: maxWaiting });
  }
}

function draftsOf(
  { clock, local }: OpenedQueueContext,
  documents: readonly RunDocument[],
  refs: QueueRefs,
): readonly Draft[] {
  const keys = new Map<string, Tip["parsed"][]>();
  for (const { queue, parsed } of refs.tips) keys.set(queue, [...(keys.get(queue) ?? []), parsed]);
  const now = clock.now().getTime();
  const times = new Map<string, number>();
  return documents.map((document) => {
    const { run } = document;
    const { queue, priority } = queuedOf(run);
    const series = `${queue}/${priority}`;
    const time = times.get(series) ?? nextKeyTime(keys.get(queue) ?? [], priority, now);
    times.set(series, time + 1);
    const key = formatKey({ priority, time, runId: run.run_id });
    const event = eventObjects(local, { document, parent: undefined, kept: {} });
    const change = { name: entryRef(queue, "waiting", key), from: undefined, to: event.commit };
    const entry = { queue, key, place: "waiting", version: event.commit, run, cancelRequested: false } as const;
    return { queue, runId: run.run_id, document, event, entry, change };
  });
}

/** Pushes drafts, all or none; after an answer that isn't clear those that are not there are pushed again. */
async function pushDrafts(
  opened: OpenedQueueContext,
  { drafts, founding }: { readonly drafts: readonly Draft[]; readonly founding: Founding },
  signal: AbortSignal,
): Promise<readonly EnqueueResult[]> {
  const { store, local } = opened;
  const results: EnqueueResult[] = [];
  let left = drafts;
  let said = "";
  let refused = false;
  for (let attempt = 0; attempt < attempts && left.length > 0; attempt++) {
    await jitter(store, attempt, signal);
    const changes = [...left.map(({ change }) => change), ...(founding.change === undefined ? [] : [founding.change])];
    const answer = await store.move(local, changes, signal);
    if (answer.kind === "done") founding.change = undefined;
    if (answer.kind === "done") return [...results, ...left.map((draft) => enqueued(opened, draft))];
    said = answer.said;
    refused = answer.answered;
    const found = await findDrafts(opened, { drafts: left, founding }, signal);
    if (found === undefined) continue;
    results.push(...found.values());
    left = left.filter(({ runId }) => !found.has(runId));
    if (left.length > 0) await store.checkWritable(local, changes, signal);
  }
  if (left.length > 0 && refused) throw store.refusal(said);
  return [...results, ...left.map(({ runId }) => ({ kind: "unknown", runId, message: said }) as const)];
}

function enqueued({ heads, documents }: QueueContext, { event, entry, document }: Draft): EnqueueResult {
  documents.add(event.commit, { document, tree: event.tree });
  const parsed = parseKey(entry.key);
  if (parsed !== undefined)
    heads.add({ id: event.commit, queue: entry.queue, parsed }, { kind: "run", run: entry.run });
  return { kind: "enqueued", entry };
}

/** What has become of drafts: those that are in their queues by now, ours or another's. Undefined when the store can't be asked. */
async function findDrafts(
  opened: OpenedQueueContext,
  { drafts, founding }: { readonly drafts: readonly Draft[]; readonly founding: Founding },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, EnqueueResult> | undefined> {
  const { store, local } = opened;
  const prefixes = [...new Set(drafts.map(({ queue }) => queuePrefix(queue))), idRef];
  const listed = await store.list(local, prefixes, signal);
  if (listed.kind === "unclear") {
    await store.checkReadable(signal);
    return undefined;
  }
  if (listed.refs.some(({ name }) => name === idRef)) founding.change = undefined;
  const { tips } = sortRefs(new Map(listed.refs.map(({ name, id }) => [name, id])));
  const results = new Map<string, EnqueueResult>();
  for (const draft of drafts) {
    const found = tips.filter(({ queue, parsed }) => queue === draft.queue && parsed.runId === draft.runId);
    if (found.length === 0) continue;
    const ours = await anyFollows(opened, { commit: draft.event.commit, tips: found }, signal);
    results.set(draft.runId, ours ? enqueued(opened, draft) : { kind: "already", runId: draft.runId });
  }
  return results;
}

/** Whether one of these tips is our event, or one that came after it. */
async function anyFollows(
  opened: OpenedQueueContext,
  { commit, tips }: { readonly commit: string; readonly tips: readonly Tip[] },
  signal: AbortSignal,
): Promise<boolean> {
  if (tips.some(({ id }) => id === commit)) return true;
  await readTips(opened, { tips, paths: [runFiles.head], maxBytes: maxHeadBytes }, signal);
  for (const { id } of tips) if (await isBefore(opened.local, { commit, descendant: id }, signal)) return true;
  return false;
}
