import { type Clock, systemClock } from "../../core/clock.ts";
import type { Log } from "../../core/output/log.ts";
import type { AgentStore } from "../agent-store.ts";
import type { QueueEntry, QueueStore } from "../queue-store.ts";
import type { RunDocument } from "../../run/document.ts";
import { UnreadableRun } from "../../run/unreadable.ts";
import { asWaiting, placedDocument } from "../../run/transitions.ts";
import { documents } from "./runs/documents.ts";
import { enqueue, maxWaiting } from "./queue/enqueue.ts";
import { fold } from "./log/fold.ts";
import { headCache } from "./queue/head-cache.ts";
import { history } from "./log/history.ts";
import { foldedCache } from "./log/index-months.ts";
import { beat, forget, pause, requestStop } from "./queue/marks.ts";
import { ownRuns, removeRuns } from "./runs/own-runs.ts";
import { openForReading, type QueueContext } from "./queue/queue-context.ts";
import { queueLister } from "./queue/queue-listing.ts";
import { listRuns, readRun } from "./runs/read-runs.ts";
import type { StoreRepository } from "./repository/repository.ts";
import { snapshotTaker } from "./queue/snapshot.ts";
import { identify } from "./queue/store-id.ts";
import { putUnread } from "./queue/put-unread.ts";
import { cancel, cancelWaiting, claim, finish, move, placeOf, put } from "./queue/transitions.ts";

/** A store in the refs of a git repository, wherever that is. */
export function gitStore(
  location: string,
  store: StoreRepository,
  { log, clock = systemClock }: { readonly log: Log; readonly clock?: Clock },
): QueueStore & AgentStore {
  const context: QueueContext = {
    store,
    clock,
    log,
    heads: headCache(() => clock.monotonicMs()),
    documents: documents(),
    lister: queueLister(log),
    folded: foldedCache(),
  };
  return {
    location,
    capabilities: {
      order: "ours",
      leases: "ours",
      wakes: true,
      maxWaiting,
      leastHeartbeatMs: store.leastHeartbeatMs,
    },
    ...ownRuns(context),
    ...queues(context),
    ...agents(context),
    read: (runId, signal) => readRun(context, runId, signal),
    list: (limit, signal) => listRuns(context, limit, signal),
    remove: (runs, signal) => removeRuns(context, runs, signal),
    compact: async (signal) => {
      const local = await store.open("read", signal);
      if (local !== undefined) await store.compact(local, signal);
    },
    close: () => Promise.resolve(),
  };
}

type Queues = Omit<
  QueueStore,
  "location" | "capabilities" | "create" | "update" | "read" | "list" | "remove" | "compact" | "close"
>;

function queues(context: QueueContext): Queues {
  const { store, lister } = context;
  return {
    identify: (signal) => identify(context, signal),
    enqueue: (runs, signal) => enqueue(context, runs, signal),
    snapshot: snapshotTaker(context),
    load: (entry, signal) => load(context, entry, signal),
    claim: (request, signal) => claim(context, request, signal),
    progress: (entry, document, signal) =>
      entry.place === "leased"
        ? put(context, { entry, document, to: entry }, signal)
        : Promise.resolve({ kind: "fenced" }),
    finish: (entry, end, signal) => finish(context, { entry, ...end }, signal),
    release: (entry, document, signal) =>
      entry.place === "leased"
        ? put(context, { entry, document: asWaiting(document), to: { ...entry, place: "waiting" } }, signal)
        : Promise.resolve({ kind: "fenced" }),
    cancel: (entry, document, signal) => cancel(context, { entry, document }, signal),
    cancelWaiting: (items, signal) => cancelWaiting(context, items, signal),
    putUnread: (entry, to, signal) => putUnread(context, { entry, to }, signal),
    move: (entry, document, signal) => move(context, { entry, document }, signal),
    pause: (queue, paused, signal) => pause(context, { queue, paused }, signal),
    history: (queue, limit, signal) => history(context, { queue, limit }, signal),
    fold: (queue, keep, signal) => fold(context, { queue, keep }, signal),
    hurry: () => store.hurry(),
    wait: (names, ms, signal) => {
      const isChanged = async (): Promise<boolean> => {
        const opened = await openForReading(context, signal);
        return opened !== undefined && lister.isChanged(opened, names, signal);
      };
      return store.wait({ queues: names, ms, isChanged }, signal);
    },
  };
}

function agents(context: QueueContext): AgentStore {
  return {
    beat: (said, expected, signal) => beat(context, { said, expected }, signal),
    requestStop: (agent, level, signal) => requestStop(context, { beat: agent.beat, level }, signal),
    forget: (beat, signal) => forget(context, beat, signal),
  };
}

/** What was at a commit stays there, also when the run has moved on; then who writes is fenced. */
async function load(context: QueueContext, entry: QueueEntry, signal: AbortSignal): Promise<RunDocument | undefined> {
  const opened = await openForReading(context, signal);
  if (opened === undefined) return undefined;
  try {
    const { document } = await context.documents.read(opened, placeOf(entry), signal);
    return placedDocument(document, entry.place);
  } catch (error) {
    if (error instanceof UnreadableRun) return undefined;
    throw error;
  }
}
