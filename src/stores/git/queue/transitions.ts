import type { RefChange } from "../../../clients/git/refs.ts";
import type { NewObject } from "../../../clients/git/objects/object-format.ts";
import { LaunchError } from "../../../core/errors.ts";
import { formatKey, nextKeyTime, parseKey } from "../../../queues/key.ts";
import type {
  CancelResult,
  Claim,
  ClaimRequest,
  EndThenClaim,
  Finished,
  LeaseWrite,
  QueueEntry,
  QueuePlace,
} from "../../queue-store.ts";
import { queuedOf } from "../../queued-run.ts";
import type { RunDocument } from "../../../run/document.ts";
import type { QueuedHead } from "../../../run/head.ts";
import { UnreadableRun } from "../../../run/unreadable.ts";
import type { RunPlace } from "../runs/documents.ts";
import { asWaiting, doneOf, heldByNobody, placedDocument, taken } from "../../../run/transitions.ts";
import { type EventObjects, eventObjects } from "../runs/event.ts";
import { emptyCommit } from "./marks.ts";
import { type OpenedQueueContext, openForWriting, type QueueContext, writeChange } from "./queue-context.ts";
import { cancelRef, entryRef, queuePrefix, sortRefs, turnRef } from "./queue-refs.ts";
import { type Change, currentRefs, type Settled } from "../repository/settle.ts";

/*
 * A run goes from place to place by one move of refs: the new place's ref is made at a new event, the old one's is removed from the
 * version that was looked at. Whoever holds an older version changes nothing: that is the fence.
 *   p → l  claim         l → l  progress       l → d  finish       l → p  release
 *   p → d  cancel        p → p  another priority        d → p  requeue
 */
type Step = {
  readonly event: EventObjects;
  readonly changes: readonly RefChange[];
  /** The entry when it is done. */
  readonly entry: QueueEntry;
  readonly document: RunDocument;
  readonly turn?: Turn | undefined;
};

/** Of a claim that had counted what runs: a new turn, from the one at which it did. */
type Turn = { readonly id: string; readonly objects: readonly NewObject[]; readonly change: Change };

type ClaimStep = Step & { readonly from: QueueEntry };

type Target = { readonly queue: string; readonly place: QueuePlace; readonly key: string };

/** An entry as it was looked at, and what its run is to be. */
export type EntryWrite = { readonly entry: QueueEntry; readonly document: RunDocument };

type Put = EntryWrite & { readonly to: Target };

/** The step that brings this document to its new place. */
async function stepTo(opened: OpenedQueueContext, { entry, document, to }: Put, signal: AbortSignal): Promise<Step> {
  const { documents } = opened;
  const from = entryRef(entry.queue, entry.place, entry.key);
  const name = entryRef(to.queue, to.place, to.key);
  const known = documents.treeOf(entry.version);
  const kept = known ?? (await documents.read(opened, placeOf(entry), signal)).tree;
  const event = eventObjects(opened.local, { document, parent: entry.version, kept });
  const id = event.commit;
  const changes =
    name === from
      ? [{ name, from: entry.version, to: id }]
      : [
          { name: from, from: entry.version, to: undefined },
          { name, from: undefined, to: id },
        ];
  return { event, changes, document, entry: { ...entry, ...to, version: id, run: document.run } };
}

/** Where the document is that an entry was looked at with. */
export function placeOf({ queue, place, key, version, run }: QueueEntry): RunPlace {
  return { runId: run.run_id, tip: { name: entryRef(queue, place, key), id: version } };
}

/** Remembers what was written, so that it need not be read back. */
function remember({ heads, documents }: QueueContext, { event, entry, document }: Step): void {
  documents.add(event.commit, { document, tree: event.tree });
  const parsed = parseKey(entry.key);
  if (parsed === undefined) return;
  heads.add({ id: event.commit, queue: entry.queue, parsed }, { kind: "run", run: entry.run });
}

async function write(opened: OpenedQueueContext, steps: readonly Step[], signal: AbortSignal): Promise<Settled> {
  const turns = steps.flatMap(({ turn }) => turn ?? []);
  const objects = [...steps.map(({ event }) => event), ...turns].flatMap((made) => made.objects);
  // The turn comes last: who sees it must see the run that it was for.
  const changes: readonly Change[] = [...steps.flatMap((step) => step.changes), ...turns.map(({ change }) => change)];
  return writeChange(opened, { objects, changes }, signal);
}

function leaseWrite(context: QueueContext, step: Step, settled: Settled): LeaseWrite {
  if (settled.kind === "unknown") return { kind: "unknown", message: settled.said };
  if (settled.kind === "lost" && settled.now.get(lastName(step)) !== step.event.commit) return { kind: "fenced" };
  remember(context, step);
  return { kind: "written", entry: step.entry };
}

function lastName({ changes }: Step): string {
  return changes.at(-1)?.name ?? "";
}

async function claimStep(
  opened: OpenedQueueContext,
  { entry, lease, counted }: ClaimRequest,
  signal: AbortSignal,
): Promise<ClaimStep> {
  const { document } = await opened.documents.read(opened, placeOf(entry), signal);
  const leased = doneOf(taken(placedDocument(document, "waiting"), lease));
  const to: Target = { queue: entry.queue, place: "leased", key: entry.key };
  const step = await stepTo(opened, { entry, document: leased, to }, signal);
  const turn = counted === undefined ? undefined : newTurn(opened, entry, counted.turn);
  return { ...step, turn, from: entry };
}

function newTurn(opened: OpenedQueueContext, { queue, run }: QueueEntry, last: string | undefined): Turn {
  const { id, objects } = emptyCommit(opened, `${queue}: ${run.run_id} is taken`);
  return { id, objects, change: { name: turnRef(queue), from: last, to: id, isGuard: true } };
}

function claimed(context: QueueContext, step: ClaimStep, settled: Settled): Claim {
  const { turn, document } = step;
  const result = leaseWrite(context, step, settled);
  if (result.kind === "unknown") return result;
  if (result.kind === "fenced") return isWaiting(step, settled) ? { kind: "miscounted" } : { kind: "lost" };
  return { kind: "won", entry: result.entry, document, ...(turn === undefined ? {} : { turn: turn.id }) };
}

/** Whether a claim that was not made could be made still. */
function isWaiting({ turn, from: { queue, place, key, version } }: ClaimStep, settled: Settled): boolean {
  return turn !== undefined && settled.kind === "lost" && settled.now.get(entryRef(queue, place, key)) === version;
}

/** Takes a waiting run. */
export async function claim(context: QueueContext, request: ClaimRequest, signal: AbortSignal): Promise<Claim> {
  if (request.entry.place !== "waiting") return { kind: "lost" };
  const opened = await openForWriting(context, signal);
  const step = await stepOrWhyNot(opened, request, signal);
  return step.kind === "step" ? claimed(context, step, await write(opened, [step], signal)) : step;
}

type Unreadable = Extract<Claim, { kind: "unreadable" }>;

/** What can't be read is nothing to take, and no fault of the store's. */
async function stepOrWhyNot(
  opened: OpenedQueueContext,
  request: ClaimRequest,
  signal: AbortSignal,
): Promise<(ClaimStep & { readonly kind: "step" }) | Unreadable> {
  try {
    return { kind: "step", ...(await claimStep(opened, request, signal)) };
  } catch (error) {
    if (error instanceof UnreadableRun) return { kind: "unreadable", runId: request.entry.run.run_id, why: error.why };
    throw error;
  }
}

/** Writes an entry's document to a place, from the version that was looked at. */
export async function put(context: QueueContext, request: Put, signal: AbortSignal): Promise<LeaseWrite> {
  const opened = await openForWriting(context, signal);
  const step = await stepTo(opened, request, signal);
  return leaseWrite(context, step, await write(opened, [step], signal));
}

/** A run's end stays under the key that it had. */
function endOf({ entry, document }: EntryWrite): Put {
  return { entry, document: heldByNobody(document), to: { queue: entry.queue, place: "ended", key: entry.key } };
}

/** Ends a leased run, and takes the next in the same move. When only the next was lost, the end is written without it. */
export async function finish(
  context: QueueContext,
  { entry, document, next }: EntryWrite & EndThenClaim,
  signal: AbortSignal,
): Promise<Finished> {
  if (entry.place !== "leased") return { finish: { kind: "fenced" }, next: undefined };
  const opened = await openForWriting(context, signal);
  const end = await stepTo(opened, endOf({ entry, document }), signal);
  const taking = next?.entry.place === "waiting" ? await stepOrWhyNot(opened, next, signal) : undefined;
  const settled = await write(opened, taking?.kind === "step" ? [end, taking] : [end], signal);
  if (taking?.kind !== "step") {
    const lost = next === undefined ? undefined : ({ kind: "lost" } as const);
    return { finish: leaseWrite(context, end, settled), next: taking ?? lost };
  }
  if (settled.kind !== "lost" || settled.now.get(lastName(end)) === end.event.commit) {
    return { finish: leaseWrite(context, end, settled), next: claimed(context, taking, settled) };
  }
  const alone = await write(opened, [end], signal);
  return {
    finish: leaseWrite(context, end, alone),
    next: { kind: isWaiting(taking, settled) ? "miscounted" : "lost" },
  };
}

/** Cancels a waiting run, or leaves a mark for the holder of a leased one. */
export async function cancel(
  context: QueueContext,
  { entry, document }: EntryWrite,
  signal: AbortSignal,
): Promise<CancelResult> {
  if (entry.place === "ended") return "ended";
  if (entry.place === "waiting") {
    const result = await put(context, endOf({ entry, document }), signal);
    if (result.kind === "written") return "cancelled";
    if (result.kind === "fenced") return "changed";
    throw new LaunchError("store-failed", `run "${entry.run.run_id}" could not be cancelled: ${result.message}`);
  }
  const opened = await openForWriting(context, signal);
  const refs = sortRefs(await currentRefs(opened, [queuePrefix(entry.queue)], signal));
  const tip = refs.tips.find(({ key, place }) => key === entry.key && place !== "waiting");
  if (tip === undefined) return "changed";
  if (tip.place === "ended") return "ended";
  const name = cancelRef(entry.queue, entry.key);
  const mark = emptyCommit(opened, `${entry.run.run_id}: cancel`);
  const change = { name, from: undefined, to: mark.id };
  const settled = await writeChange(opened, { objects: mark.objects, changes: [change] }, signal);
  // A mark that another made is as good.
  if (settled.kind !== "unknown") return "requested";
  throw new LaunchError("store-failed", `run "${entry.run.run_id}" could not be cancelled: ${settled.said}`);
}

/**
 * Cancels waiting runs, as many in each move as it has room for. A move in which one was taken meanwhile changes none: they are `changed`,
 * and may be cancelled one by one.
 */
export async function cancelWaiting(
  context: QueueContext,
  items: readonly EntryWrite[],
  signal: AbortSignal,
): Promise<readonly CancelResult[]> {
  const opened = await openForWriting(context, signal);
  const results: CancelResult[] = [];
  // Of each run one ref goes, and one is made.
  const room = Math.max(1, Math.floor(context.store.maxChanges / 2));
  for (let at = 0; at < items.length; at += room) {
    const steps: Step[] = [];
    for (const item of items.slice(at, at + room)) steps.push(await stepTo(opened, endOf(item), signal));
    const settled = await write(opened, steps, signal);
    for (const step of steps) {
      const result = leaseWrite(context, step, settled);
      results.push(result.kind === "written" ? "cancelled" : "changed");
    }
  }
  return results;
}

/** Puts a run to wait where its head says: at its place by time when it waits already, behind the others when it had ended. */
export async function move(
  context: QueueContext,
  { entry, document }: EntryWrite,
  signal: AbortSignal,
): Promise<LeaseWrite> {
  if (entry.place === "leased") return { kind: "fenced" };
  const waiting = asWaiting(document);
  const queued = queuedOf(waiting.run);
  const { queue, priority } = queued;
  const runId = entry.run.run_id;
  const before = entry.place === "waiting" && queue === entry.queue ? parseKey(entry.key)?.time : undefined;
  const time = before ?? (await timeBehind(context, queued, signal));
  const to: Target = { queue, place: "waiting", key: formatKey({ priority, time, runId }) };
  return put(context, { entry, document: waiting, to }, signal);
}

async function timeBehind(
  context: QueueContext,
  { queue, priority }: QueuedHead,
  signal: AbortSignal,
): Promise<number> {
  const opened = await openForWriting(context, signal);
  const { tips } = sortRefs(await currentRefs(opened, [queuePrefix(queue)], signal));
  const keys = tips.map(({ parsed }) => parsed);
  return nextKeyTime(keys, priority, context.clock.now().getTime());
}
