import type { ReadObject } from "../../../clients/git/objects/read-objects.ts";
import { say } from "../../../core/output/said.ts";
import { type ReadBeat, readBeatText } from "../../../run/beat.ts";
import { beatBounds } from "../../../run/bounds.ts";
import type { SeenAgent } from "../../agent-store.ts";
import type { QueueEntry, QueueSnapshot, QueueStore, UnreadableBeat, UnreadableEntry } from "../../queue-store.ts";
import { sharing } from "../repository/pace.ts";
import { type OpenedQueueContext, openForReading, type QueueContext } from "./queue-context.ts";
import type { Queues } from "./queue-listing.ts";
import { cancelRef, type QueueRefs, type StopMark, type Tip } from "./queue-refs.ts";
import { setLargeAside } from "../../large-heads.ts";
import { setSecondsAside } from "./same-id.ts";
import { makeOfTips } from "../runs/read-tips.ts";
import type { ReadHead } from "../../../run/head.ts";
import { placed } from "../../../run/transitions.ts";

export const beatFile = "agent.json";

const empty: QueueSnapshot = { entries: [], unreadable: [], agents: [], paused: [], turns: new Map() };

/** Takes snapshots; what was read for one is remembered for the next. */
export function snapshotTaker(context: QueueContext): QueueStore["snapshot"] {
  let beats = new Map<string, SeenAgent>();
  const countSharing = sharing();
  const known = new Set<string>();
  return async (queues, signal) => {
    const opened = await openForReading(context, signal);
    if (opened === undefined) return empty;
    const { refs, heads } = await listWithHeads(opened, { queues, known }, signal);
    context.heads.keep(queues, refs.tips);
    const read = await readBeats(opened, { agents: refs.agents, known: beats }, signal);
    beats = read.beats;
    const agents = [...beats.values()].map((seen) => withStop(seen, refs.stops));
    const { clock } = context;
    context.store.share(countSharing(agents, { wallMs: clock.now().getTime(), atMs: clock.monotonicMs() }));
    const { unreadableBeats } = read;
    return { ...entriesOf(refs, heads), agents, unreadableBeats, paused: [...refs.paused].sort(), turns: refs.turns };
  };
}

type ListedHeads = { readonly refs: QueueRefs; readonly heads: readonly ReadHead[] };

/**
 * A run that moved on between the listing and the reading may be gone with its objects: then both are done again, unless what can't be read is
 * `known` from before.
 */
async function listWithHeads(
  opened: OpenedQueueContext,
  { queues, known }: { readonly queues: Queues; readonly known: Set<string> },
  signal: AbortSignal,
): Promise<ListedHeads> {
  const { lister, heads } = opened;
  const look = async (): Promise<ListedHeads> => {
    const refs = await lister.list(opened, queues, signal);
    return { refs, heads: await heads.read(opened, refs.tips, signal) };
  };
  const first = await look();
  if (unreadIds(first).every((id) => known.has(id))) return first;
  const second = await look();
  known.clear();
  for (const id of unreadIds(second)) known.add(id);
  return second;
}

function unreadIds({ refs, heads }: ListedHeads): readonly string[] {
  return refs.tips.flatMap(({ id }, index) => (heads[index]?.kind === "run" ? [] : [id]));
}

/** What a listing and its heads say, in the order of the keys. */
export function entriesOf(refs: QueueRefs, heads: readonly ReadHead[]): Pick<QueueSnapshot, "entries" | "unreadable"> {
  const entries: QueueEntry[] = [];
  const unreadable: UnreadableEntry[] = refs.foreign.map(({ queue, key, id }) => ({
    queue,
    key,
    version: id,
    why: "no launch of this version makes a ref of this name",
  }));
  const large = new Map<QueueEntry, number>();
  refs.tips.forEach((tip, index) => {
    const head = heads[index];
    if (head?.kind === "run") {
      const entry = entryOf(tip, head, refs.cancels);
      entries.push(entry);
      if (head.bytes !== undefined) large.set(entry, head.bytes);
    } else {
      const { queue, key, id: version, place } = tip;
      const newer = head?.isNewer === true ? { isNewer: true } : {};
      unreadable.push({ queue, key, version, why: head?.why ?? "", place, ...newer });
    }
  });
  const { entries: firsts, unreadable: aside } = setSecondsAside(setLargeAside({ entries, unreadable }, large));
  return { entries: [...firsts].sort(byKey), unreadable: [...aside].sort(byKey) };
}

function entryOf(
  { queue, place, key, id }: Tip,
  { run }: Extract<ReadHead, { kind: "run" }>,
  cancels: ReadonlyMap<string, string>,
): QueueEntry {
  return {
    queue,
    key,
    place,
    version: id,
    run: placed(run, place),
    cancelRequested: cancels.has(cancelRef(queue, key)),
  };
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function withStop(seen: SeenAgent, stops: readonly StopMark[]): SeenAgent {
  const { agent, incarnation } = seen.beat;
  const own = stops.filter((mark) => mark.agent === agent && mark.incarnation === incarnation);
  if (own.length === 0) return seen;
  return { ...seen, stop: own.some(({ level }) => level === "now") ? "now" : "drain" };
}

/** By their versions; those of agents whose beat can't be read (a newer version's) apart: nobody decides anything by them. */
type Beats = {
  readonly beats: Map<string, SeenAgent>;
  readonly unreadableBeats: ReadonlyMap<string, UnreadableBeat>;
};

async function readBeats(
  opened: OpenedQueueContext,
  { agents, known }: Pick<QueueRefs, "agents"> & { readonly known: ReadonlyMap<string, SeenAgent> },
  signal: AbortSignal,
): Promise<Beats> {
  const unknown = agents.filter(({ id }) => !known.has(id));
  const make = ([file]: readonly (ReadObject | undefined)[], index: number): ReadBeat =>
    parseBeat(unknown[index]?.agent ?? "", file?.content);
  const request = { tips: unknown, paths: [beatFile], maxBytes: beatBounds.bytes, make } as const;
  const found = await makeOfTips(opened, request, signal);
  const beats = new Map<string, SeenAgent>();
  const unreadableBeats = new Map<string, UnreadableBeat>();
  for (const { id } of agents) {
    const beat = known.get(id);
    if (beat !== undefined) beats.set(id, beat);
  }
  unknown.forEach(({ agent, id }, index) => {
    const read = found[index] ?? parseBeat(agent, undefined);
    if (read.kind === "beat") beats.set(id, { beat: read.beat, version: id });
    else {
      opened.log.debug(say`the beat of agent "${agent}" can't be read: ${read.why}`);
      unreadableBeats.set(agent, { version: id, why: read.why });
    }
  });
  return { beats, unreadableBeats };
}

export function parseBeat(agent: string, content: Uint8Array | undefined): ReadBeat {
  if (content === undefined) return { kind: "unreadable", why: "its objects are missing, damaged or too long" };
  return readBeatText(agent, content);
}
