import type { Clock } from "../core/clock.ts";
import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { RefusedDocument } from "../stores/refused-document.ts";
import type { WithDefinitions } from "../stores/definition-store.ts";
import type { EnqueueResult, LeaseWrite, QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import { type CopiedDefinitions, copyDefinitions } from "./copy-definitions.ts";
import { held, heldFrom, isMovedTo, movedTo, released, stayed } from "../run/transitions/between-stores.ts";
import { doneOf } from "../run/transitions.ts";

/*
 * Waiting runs go from one store to another while agents may serve both. A run is at every moment for the agents of one of them at most:
 *   1. A copy is put into the other store under the run's own id, held: not to be started before the year 9999.
 *   2. The run ends where it was, from the version that was looked at. If an agent has taken it by then nothing is written, and the copy goes.
 *   3. The copy is let go.
 * Killed after 1, the run still waits where it was; after 2, it is held where it came to. What is held names the store that it comes from,
 * and the next migration from there brings it to its end: it lets go what has moved, and takes back what has not.
 */

export type Migrated = CopiedDefinitions & {
  /** Runs that wait in the other store now. */
  readonly moved: readonly string[];
  /** Agents have taken them meanwhile; they end where they are. */
  readonly taken: readonly string[];
  /** Runs that could not be moved, and why. */
  readonly left: readonly { readonly runId: string; readonly why: string }[];
  /** Runs with agents: they end where they are. */
  readonly running: readonly string[];
  /** Queues that were paused, and are so in the other store. */
  readonly paused: readonly string[];
};

export type MigrateServices = {
  readonly clock: Clock;
  /** Who asked, as claimed. */
  readonly by: string;
  /** Told of each run that has moved. */
  readonly onMoved?: (runId: string) => Promise<void> | void;
};

/** As many are enqueued in one request. */
const batchSize = 25;

const maxTries = 5;

export type MigratedStores = {
  readonly from: QueueStore & WithDefinitions;
  readonly to: QueueStore & WithDefinitions;
};

type Migration = MigratedStores & {
  readonly services: MigrateServices;
  readonly moved: string[];
  readonly taken: string[];
  readonly left: { readonly runId: string; readonly why: string }[];
};

/** Moves all waiting runs, with the definitions of their queues. Runs that agents have stay. */
export async function migrate(
  stores: MigratedStores,
  services: MigrateServices,
  signal: AbortSignal,
): Promise<Migrated> {
  const { from, to } = stores;
  if (from.location === to.location) throw new LaunchError("bad-usage", `${to.location} is the same store`);
  const migration: Migration = { ...stores, services, moved: [], taken: [], left: [] };
  const snapshot = await from.snapshot("all", signal);
  const waiting = snapshot.entries.filter(({ place }) => place === "waiting");
  await goOn(migration, new Set(waiting.map(({ run }) => run.run_id)), signal);
  const queues = new Set(waiting.map(({ queue }) => queue));
  const definitions = await copyDefinitions(stores, services.by, signal);
  const pauses = await copyPauses(
    migration,
    snapshot.paused.filter((queue) => queues.has(queue)),
    signal,
  );
  for (const { key, why } of snapshot.unreadable) migration.left.push({ runId: key, why });
  const movable = waiting.filter((entry) => mayMove(migration, entry, [definitions.uncopied, pauses.unpaused]));
  for (let at = 0; at < movable.length; at += batchSize) {
    await moveBatch(migration, movable.slice(at, at + batchSize), signal);
  }
  const running = snapshot.entries.filter(({ place }) => place === "leased").map(({ run }) => run.run_id);
  const { moved, taken, left } = migration;
  return { moved, taken, left, running, paused: pauses.paused, ...definitions };
}

/** A queue that is at work in the other store isn't paused for the sake of one here. */
async function copyPauses(
  { from, to }: Migration,
  queues: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly paused: readonly string[]; readonly unpaused: readonly string[] }> {
  if (queues.length === 0) return { paused: [], unpaused: [] };
  const there = await to.snapshot(queues, signal);
  const busy = new Set(
    there.entries
      .filter(({ place, run }) => place !== "ended" && heldFrom(run) !== from.location)
      .map(({ queue }) => queue),
  );
  const unpaused = queues.filter((queue) => busy.has(queue) && !there.paused.includes(queue));
  const paused = queues.filter((queue) => !unpaused.includes(queue));
  for (const queue of paused) await to.pause(queue, true, signal);
  return { paused, unpaused };
}

function mayMove(
  { from, to, left }: Migration,
  { run, queue }: QueueEntry,
  [undefinedThere, unpausedThere]: readonly [readonly string[], readonly string[]],
): boolean {
  const origin = heldFrom(run);
  const why =
    origin !== undefined
      ? `it is on its way from ${origin}; bring that to its end first: ${formatCommandLine(["launch", "store", "migrate", origin, from.location])}`
      : undefinedThere.includes(queue)
        ? `the definition of its queue "${queue}" is not in ${to.location}, where agents would refuse it`
        : unpausedThere.includes(queue)
          ? `its queue "${queue}" is paused here, and at work in ${to.location}; pause it there, or resume it here`
          : undefined;
  if (why !== undefined) left.push({ runId: run.run_id, why });
  return why === undefined;
}

async function moveBatch(migration: Migration, entries: readonly QueueEntry[], signal: AbortSignal): Promise<void> {
  const { from, to, taken, left } = migration;
  const documents = new Map<string, RunDocument>();
  for (const entry of entries) {
    const document = await from.load(entry, signal);
    if (document === undefined) taken.push(entry.run.run_id);
    else documents.set(entry.run.run_id, document);
  }
  const { there, refused } = await putCopies(migration, [...documents.values()], signal);
  for (const entry of entries) {
    const { run_id: runId } = entry.run;
    const document = documents.get(runId);
    const copy = there.get(runId);
    if (document === undefined) continue;
    if (copy === undefined) {
      left.push({ runId, why: refused.get(runId) ?? `${to.location} has had a run of this id already` });
    } else await moveOne(migration, { entry, document, copy }, signal);
  }
}

type Copies = {
  readonly there: ReadonlyMap<string, QueueEntry>;
  /** Why the other store takes none of it. */
  readonly refused: ReadonlyMap<string, string>;
};

/** Puts held copies into the other store; gives those that are there now, by id. One that it refuses holds up no other. */
async function putCopies(
  migration: Migration,
  documents: readonly RunDocument[],
  signal: AbortSignal,
): Promise<Copies> {
  const { from, to, services } = migration;
  const refused = new Map<string, string>();
  const there = new Map<string, QueueEntry>();
  const put = async (runs: readonly RunDocument[]): Promise<void> => {
    const now = services.clock.now();
    const copies = runs.map((document) => doneOf(held(document, from.location, now)));
    for (const result of await enqueueEach({ to, refused }, copies, signal)) {
      if (result.kind === "unknown") throw unsettled(to, result.runId, result.message);
      if (result.kind === "enqueued") there.set(result.entry.run.run_id, result.entry);
    }
  };
  await put(documents);
  if (there.size + refused.size === documents.length) return { there, refused };
  for (const entry of await heldCopies(migration, signal)) there.set(entry.run.run_id, entry);
  const back: RunDocument[] = [];
  for (const document of documents) {
    const { run_id: runId } = document.run;
    if (there.has(runId) || refused.has(runId)) continue;
    if (!(await removeGone(migration, runId, signal))) continue;
    back.push(document);
  }
  await put(back);
  return { there, refused };
}

/** All at once; where one of them is refused, one by one. */
async function enqueueEach(
  { to, refused }: { readonly to: QueueStore; readonly refused: Map<string, string> },
  copies: readonly RunDocument[],
  signal: AbortSignal,
): Promise<readonly EnqueueResult[]> {
  try {
    return await to.enqueue(copies, signal);
  } catch (error) {
    if (!(error instanceof RefusedDocument)) throw error;
    const [only, ...others] = copies;
    if (only === undefined) return [];
    if (others.length === 0) {
      refused.set(only.run.run_id, error.message);
      return [];
    }
  }
  const results: EnqueueResult[] = [];
  for (const copy of copies) results.push(...(await enqueueEach({ to, refused }, [copy], signal)));
  return results;
}

/** A run that comes back to where it went from: what was left there of it makes room. */
async function removeGone({ from, to }: Migration, runId: string, signal: AbortSignal): Promise<boolean> {
  const old = await to.read(runId, signal);
  if (old === undefined || !isMovedTo(old.run, from.location)) return false;
  return (await to.remove([{ runId, version: old.version }], signal)).includes(runId);
}

async function moveOne(
  migration: Migration,
  { entry, document, copy }: { readonly entry: QueueEntry; readonly document: RunDocument; readonly copy: QueueEntry },
  signal: AbortSignal,
): Promise<void> {
  const { from, to, services } = migration;
  const ended = doneOf(movedTo(document, to.location, services.clock.now()));
  if ((await from.cancel(entry, ended, signal)) === "cancelled") {
    await letGo(migration, { copy, original: document }, signal);
    return;
  }
  migration.taken.push(entry.run.run_id);
  await takeBack(migration, copy, signal);
}

/** What an earlier migration of these stores left half-way, but for runs that still wait: those are moved as all others. */
async function goOn(migration: Migration, waiting: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  const { from, to, left } = migration;
  for (const copy of await heldCopies(migration, signal)) {
    const { run_id: runId } = copy.run;
    if (waiting.has(runId)) continue;
    const original = await from.read(runId, signal);
    if (original === undefined) {
      left.push({
        runId,
        why: `${from.location} knows nothing of it any more; cancel or requeue it in ${to.location}`,
      });
    } else if (isMovedTo(original.run, to.location)) await letGo(migration, { copy, original }, signal);
    else await takeBack(migration, copy, signal);
  }
}

/** Copies that wait, held, for the end of a migration from this store. */
async function heldCopies({ from, to }: Migration, signal: AbortSignal): Promise<readonly QueueEntry[]> {
  const { entries } = await to.snapshot("all", signal);
  return entries.filter(({ place, run }) => place === "waiting" && heldFrom(run) === from.location);
}

/** The copy becomes the run. One that somebody has changed meanwhile (its priority) is looked at again; a cancelled one stays so. */
async function letGo(
  migration: Migration,
  { copy, original }: { readonly copy: QueueEntry; readonly original: RunDocument },
  signal: AbortSignal,
): Promise<void> {
  const { to, moved, services } = migration;
  const { run_id: runId } = copy.run;
  const release = async (held: QueueEntry): Promise<LeaseWrite> => {
    const document = await to.load(held, signal);
    if (document === undefined) return { kind: "fenced" };
    return to.move(held, doneOf(released(document, original.run, services.clock.now())), signal);
  };
  let entry: QueueEntry | undefined = copy;
  for (let tries = 0; entry !== undefined && tries < maxTries; tries++) {
    const result = await release(entry);
    if (result.kind === "unknown") throw unsettled(to, runId, result.message);
    entry = result.kind === "written" ? undefined : await heldCopy(migration, runId, signal);
  }
  if (entry !== undefined) throw unsettled(to, runId, "others change it all the time");
  moved.push(runId);
  await services.onMoved?.(runId);
}

async function heldCopy(migration: Migration, runId: string, signal: AbortSignal): Promise<QueueEntry | undefined> {
  return (await heldCopies(migration, signal)).find(({ run }) => run.run_id === runId);
}

/** The run has stayed where it was: its copy goes without a trace, so that it can come another time. */
async function takeBack({ from, to, services }: Migration, copy: QueueEntry, signal: AbortSignal): Promise<void> {
  const document = await to.load(copy, signal);
  if (document === undefined) return;
  const { run_id: runId } = copy.run;
  const end = doneOf(stayed(document, from.location, services.clock.now()));
  if ((await to.cancel(copy, end, signal)) !== "cancelled") return;
  const ended = await to.read(runId, signal);
  if (ended !== undefined) await to.remove([{ runId, version: ended.version }], signal);
}

function unsettled({ location }: QueueStore, runId: string, said: string): LaunchError {
  return new LaunchError("store-failed", `run "${runId}" may be held in ${location} (${said}); migrate again`);
}
