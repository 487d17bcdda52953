import { isBefore } from "../../../clients/git/refs.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Log } from "../../../core/output/log.ts";
import { say } from "../../../core/output/said.ts";
import type { QueuePlace } from "../../queue-store.ts";
import {
  agentRefs,
  idRef,
  queuePrefix,
  queueRefs,
  type QueueRefs,
  sortRefs,
  stopRefs,
  type Tip,
} from "./queue-refs.ts";
import { readTips } from "../runs/read-tips.ts";
import type { OpenedStore } from "../repository/repository.ts";
import { currentRefs, type Refs, settleRemoval } from "../repository/settle.ts";
import { runFiles, maxHeadBytes } from "../runs/run-files.ts";

/*
 * What the refs say of queues. Two things make a listing untrue for a moment. It is read name by name while others move refs, so a run
 * may be seen in two places, or in none: a listing in which a run is twice, or in which one that was there has gone, is read again; and
 * so is one with a new turn, as the claim that made it may not be in it yet. And
 * a server that was killed may have made a new ref without removing the old one: a run that two listings have in the same two places is
 * there twice, the later place counts, and the other ref is removed.
 */
const maxListings = 4;

const ranks: Readonly<Record<QueuePlace, number>> = { waiting: 0, leased: 1, ended: 2 };

export type Queues = readonly string[] | "all";

export interface QueueLister {
  /** Each run once. */
  list(opened: OpenedStore, queues: Queues, signal: AbortSignal): Promise<QueueRefs>;
  /** The store's own id, as far as a listing has shown it. */
  storeId(): string | undefined;
  /** Whether these queues' refs are not those of the last listing; false when the store can't be asked. */
  isChanged(opened: OpenedStore, queues: readonly string[], signal: AbortSignal): Promise<boolean>;
}

export function queueLister(log: Log): QueueLister {
  /** Queue → its refs as they were listed last. */
  const seen = new Map<string, Refs>();
  let seenAll = false;
  let storeId: string | undefined;

  const lastSeen = (queues: Queues): Refs | undefined => {
    if (queues === "all" ? !seenAll : queues.some((queue) => !seen.has(queue))) return undefined;
    const parts =
      queues === "all" ? [...seen.values()] : queues.map((queue) => seen.get(queue) ?? new Map<string, string>());
    return new Map(parts.flatMap((part) => [...part]));
  };
  const remember = (queues: Queues, refs: Refs): void => {
    const parts = new Map<string, Map<string, string>>();
    for (const queue of queues === "all" ? seen.keys() : queues) parts.set(queue, new Map());
    for (const [name, id] of refs) {
      if (!name.startsWith(queueRefs)) continue;
      const queue = name.slice(queueRefs.length, name.indexOf("/", queueRefs.length));
      const part = parts.get(queue) ?? new Map<string, string>();
      parts.set(queue, part.set(name, id));
    }
    for (const [queue, part] of parts) seen.set(queue, part);
    seenAll ||= queues === "all";
  };
  /** A reader may be one that can't write: then somebody else will. */
  const removeLesser = async (opened: OpenedStore, tips: readonly Tip[], signal: AbortSignal): Promise<void> => {
    try {
      await settleRemoval(opened, tips, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.debug(say`refs of runs that are further already could not be removed: ${messageOf(error)}`);
    }
  };

  return {
    list: async (opened, queues, signal) => {
      const prefixes = [...(queues === "all" ? [queueRefs] : queues.map(queuePrefix)), agentRefs, stopRefs, idRef];
      let before = lastSeen(queues);
      let refs = await currentRefs(opened, prefixes, signal);
      for (let count = 1; count < maxListings && !isTrue(before, refs); count++) {
        before = refs;
        refs = await currentRefs(opened, prefixes, signal);
      }
      remember(queues, refs);
      storeId = refs.get(idRef) ?? storeId;
      const sorted = sortRefs(refs);
      const { tips, lesser } = await oncePerRun(opened, sorted.tips, signal);
      const confirmed = lesser.filter(
        (tip) => isIn(before, tip) && tips.every((kept) => !isSameRun(kept, tip) || isIn(before, kept)),
      );
      if (confirmed.length > 0) await removeLesser(opened, confirmed, signal);
      return { ...sorted, tips };
    },
    storeId: () => storeId,
    isChanged: async ({ store, local }, queues, signal) => {
      const before = lastSeen(queues);
      if (before === undefined) return true;
      const listed = await store.list(local, queues.map(queuePrefix), signal);
      if (listed.kind === "unclear") return false;
      return listed.refs.length !== before.size || listed.refs.some(({ name, id }) => before.get(name) !== id);
    },
  };
}

function isIn(refs: Refs | undefined, { name, id }: Tip): boolean {
  return refs?.get(name) === id;
}

function runOf({ queue, parsed }: Tip): string {
  return `${queue}/${parsed.runId}`;
}

function isSameRun(a: Tip, b: Tip): boolean {
  return runOf(a) === runOf(b);
}

/** Whether a listing can be believed, after the one before it. */
function isTrue(before: Refs | undefined, now: Refs): boolean {
  if (before === undefined) return false;
  const { tips, turns } = sortRefs(now);
  const counts = new Map<string, number>();
  for (const tip of tips) counts.set(runOf(tip), (counts.get(runOf(tip)) ?? 0) + 1);
  if (tips.some((tip) => (counts.get(runOf(tip)) ?? 0) > 1 && !isIn(before, tip))) return false;
  const last = sortRefs(before);
  if ([...turns].some(([queue, turn]) => last.turns.get(queue) !== turn)) return false;
  return last.tips.every((tip) => tip.place === "ended" || counts.has(runOf(tip)));
}

async function oncePerRun(
  opened: OpenedStore,
  tips: readonly Tip[],
  signal: AbortSignal,
): Promise<{ readonly tips: readonly Tip[]; readonly lesser: readonly Tip[] }> {
  const kept = new Map<string, Tip>();
  const lesser: Tip[] = [];
  for (const tip of tips) {
    const other = kept.get(runOf(tip));
    const winner = other === undefined ? tip : await laterOf(opened, [other, tip], signal);
    if (other !== undefined) lesser.push(winner === tip ? other : tip);
    kept.set(runOf(tip), winner);
  }
  return { tips: [...kept.values()], lesser };
}

/** Of two refs of one run the one that counts. Under two keys (it was moved) that is the later event; else the later place. */
async function laterOf(opened: OpenedStore, [a, b]: readonly [Tip, Tip], signal: AbortSignal): Promise<Tip> {
  if (a.key !== b.key) {
    await readTips(opened, { tips: [a, b], paths: [runFiles.head], maxBytes: maxHeadBytes }, signal);
    if (await isBefore(opened.local, { commit: a.id, descendant: b.id }, signal)) return b;
    if (await isBefore(opened.local, { commit: b.id, descendant: a.id }, signal)) return a;
  }
  if (a.place !== b.place) return ranks[a.place] > ranks[b.place] ? a : b;
  return a.key < b.key ? a : b;
}
