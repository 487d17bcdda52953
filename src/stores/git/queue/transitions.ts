import type { RefChange } from "../../../clients/git/refs.ts";
import type { NewObject } from "../../../clients/git/objects/object-format.ts";
import type { Repository } from "../../../clients/git/repository.ts";
import { LaunchError } from "../../../core/errors.ts";
import { formatKey, nextKeyTime, parseKey } from "../../../queues/key.ts";
import type {
  CancelResult,
  Claim,
  ClaimRequest,
  Finished,
  LeaseWrite,
  QueueEntry,
  QueuePlace,
} from "../../queue-store.ts";
import { queuedOf } from "../../queued-run.ts";
import type { RunDocument } from "../../../run/document.ts";
import { asWaiting, heldByNobody, taken } from "../../../run/transitions.ts";
import { type EventObjects, eventObjects } from "../runs/event.ts";
import { emptyCommit } from "./marks.ts";
import { openForWriting, type QueueContext, writeChange } from "./queue-context.ts";
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
};

/** Of a claim that had counted what runs: a new turn, from the one at which it did. */
type Turn = { readonly id: string; readonly objects: readonly NewObject[]; readonly change: Change };

type ClaimStep = Step & { readonly turn: Turn | undefined; readonly from: QueueEntry };

type Target = { readonly queue: string; readonly place: QueuePlace; readonly key: string };

/** The step that brings this document to its new place. */
async function stepTo(
  { documents }: QueueContext,
  local: Repository,
  entry: QueueEntry,
  document: RunDocument,
  to: Target,
  signal: AbortSignal,
): Promise<Step> {
  const from = entryRef(entry.queue, entry.place, entry.key);
  const name = entryRef(to.queue, to.place, to.key);
  const known = documents.treeOf(entry.version);
  const kept = known ?? (await documents.read(local, entry.run.run_id, { name: from, id: entry.version }, signal)).tree;
  const event = eventObjects(local, { document, parent: entry.version, kept });
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

/** Remembers what was written, so that it need not be read back. */
function remember({ heads, documents }: QueueContext, { event, entry, document }: Step): void {
  documents.add(event.commit, { document, tree: event.tree });
  const parsed = parseKey(entry.key);
  if (parsed === undefined) return;
  heads.add({ id: event.commit, queue: entry.queue, parsed }, { kind: "run", run: entry.run });
}

async function write(
  context: QueueContext,
  steps: readonly Step[],
  signal: AbortSignal,
  turn?: Turn,
): Promise<Settled> {
  const objects = steps.flatMap(({ event }) => event.objects);
  // The turn comes last: who sees it must see the run that it was for.
  const changes: readonly Change[] = [
    ...steps.flatMap((step) => step.changes),
    ...(turn === undefined ? [] : [turn.change]),
  ];
  return writeChange(context, [...objects, ...(turn?.objects ?? [])], changes, signal);
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

/** Undefined for a run that says of itself that it doesn't wait: it is not to be had. */
async function claimStep(
  context: QueueContext,
  local: Repository,
  { entry, lease, counted }: ClaimRequest,
  signal: AbortSignal,
): Promise<ClaimStep | undefined> {
  const name = entryRef(entry.queue, entry.place, entry.key);
  const { document } = await context.documents.read(local, entry.run.run_id, { name, id: entry.version }, signal);
  const leased = taken(document, lease);
  if (leased.kind === "refused") return undefined;
  const to: Target = { queue: entry.queue, place: "leased", key: entry.key };
  const step = await stepTo(context, local, entry, leased.to, to, signal);
  const turn = counted === undefined ? undefined : newTurn(context, local, entry, counted.turn);
  return { ...step, turn, from: entry };
}

function newTurn(
  { clock }: QueueContext,
  local: Repository,
  { queue, run }: QueueEntry,
  last: string | undefined,
): Turn {
  const { id, objects } = emptyCommit(local, `${queue}: ${run.run_id} is taken`, clock.now());
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
  const local = await openForWriting(context.store, signal);
  const step = await claimStep(context, local, request, signal);
  if (step === undefined) return { kind: "lost" };
  return claimed(context, step, await write(context, [step], signal, step.turn));
}

/** Writes an entry's document to a place, from the version that was looked at. */
export async function put(
  context: QueueContext,
  entry: QueueEntry,
  document: RunDocument,
  to: Target,
  signal: AbortSignal,
): Promise<LeaseWrite> {
  const local = await openForWriting(context.store, signal);
  const step = await stepTo(context, local, entry, document, to, signal);
  return leaseWrite(context, step, await write(context, [step], signal));
}

/** Ends a leased run, and takes the next in the same move. When only the next was lost, the end is written without it. */
export async function finish(
  context: QueueContext,
  entry: QueueEntry,
  document: RunDocument,
  next: ClaimRequest | undefined,
  signal: AbortSignal,
): Promise<Finished> {
  if (entry.place !== "leased") return { finish: { kind: "fenced" }, next: undefined };
  const local = await openForWriting(context.store, signal);
  const to: Target = { queue: entry.queue, place: "ended", key: entry.key };
  const end = await stepTo(context, local, entry, heldByNobody(document), to, signal);
  const taking = next?.entry.place === "waiting" ? await claimStep(context, local, next, signal) : undefined;
  const settled = await write(context, taking === undefined ? [end] : [end, taking], signal, taking?.turn);
  if (taking === undefined) {
    const lost = next === undefined ? undefined : ({ kind: "lost" } as const);
    return { finish: leaseWrite(context, end, settled), next: lost };
  }
  if (settled.kind !== "lost" || settled.now.get(lastName(end)) === end.event.commit) {
    return { finish: leaseWrite(context, end, settled), next: claimed(context, taking, settled) };
  }
  const alone = await write(context, [end], signal);
  return {
    finish: leaseWrite(context, end, alone),
    next: { kind: isWaiting(taking, settled) ? "miscounted" : "lost" },
  };
}

/** Cancels a waiting run, or leaves a mark for the holder of a leased one. */
export async function cancel(
  context: QueueContext,
  entry: QueueEntry,
  document: RunDocument,
  signal: AbortSignal,
): Promise<CancelResult> {
  if (entry.place === "ended") return "ended";
  if (entry.place === "waiting") {
    const to: Target = { queue: entry.queue, place: "ended", key: entry.key };
    const result = await put(context, entry, heldByNobody(document), to, signal);
    if (result.kind === "written") return "cancelled";
    if (result.kind === "fenced") return "changed";
    throw new LaunchError("store-failed", `run "${entry.run.run_id}" could not be cancelled: ${result.message}`);
  }
  const local = await openForWriting(context.store, signal);
  const refs = sortRefs(await currentRefs(context.store, local, [queuePrefix(entry.queue)], signal));
  const tip = refs.tips.find(({ key, place }) => key === entry.key && place !== "waiting");
  if (tip === undefined) return "changed";
  if (tip.place === "ended") return "ended";
  const name = cancelRef(entry.queue, entry.key);
  const mark = emptyCommit(local, `${entry.run.run_id}: cancel`, context.clock.now());
  const change = { name, from: undefined, to: mark.id };
  const settled = await writeChange(context, mark.objects, [change], signal);
  // A mark that another made is as good.
  if (settled.kind !== "unknown") return "requested";
  throw new LaunchError("store-failed", `run "${entry.run.run_id}" could not be cancelled: ${settled.said}`);
}

export type Cancelling = { readonly entry: QueueEntry; readonly document: RunDocument };

/**
 * Cancels waiting runs, as many in each move as it has room for. A move in which one was taken meanwhile changes none: they are `changed`,
 * and may be cancelled one by one.
 */
export async function cancelWaiting(
  context: QueueContext,
  items: readonly Cancelling[],
  signal: AbortSignal,
): Promise<readonly CancelResult[]> {
  const local = await openForWriting(context.store, signal);
  const results: CancelResult[] = [];
  // Of each run one ref goes, and one is made.
  const room = Math.max(1, Math.floor(context.store.maxChanges / 2));
  for (let at = 0; at < items.length; at += room) {
    const steps: Step[] = [];
    for (const { entry, document } of items.slice(at, at + room)) {
      const to: Target = { queue: entry.queue, place: "ended", key: entry.key };
      steps.push(await stepTo(context, local, entry, heldByNobody(document), to, signal));
    }
    const settled = await write(context, steps, signal);
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
  entry: QueueEntry,
  document: RunDocument,
  signal: AbortSignal,
): Promise<LeaseWrite> {
  if (entry.place === "leased") return { kind: "fenced" };
  const waiting = asWaiting(document);
  const { queue, priority } = queuedOf(waiting.run);
  const runId = entry.run.run_id;
  const before = entry.place === "waiting" && queue === entry.queue ? parseKey(entry.key)?.time : undefined;
  const time = before ?? (await timeBehind(context, queue, priority, signal));
  return put(context, entry, waiting, { queue, place: "waiting", key: formatKey({ priority, time, runId }) }, signal);
}

async function timeBehind(
  { store, clock }: QueueContext,
  queue: string,
  priority: 0 | 1 | 2 | 3,
  signal: AbortSignal,
): Promise<number> {
  const local = await openForWriting(store, signal);
  const { tips } = sortRefs(await currentRefs(store, local, [queuePrefix(queue)], signal));
  const keys = tips.map(({ parsed }) => parsed);
  return nextKeyTime(keys, priority, clock.now().getTime());
}
