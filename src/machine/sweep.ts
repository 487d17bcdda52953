import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import { version } from "../core/version.ts";
import { readOwnFile } from "../core/folders/own-file.ts";
import { isJsonObject, type JsonObject, parseJson, toJson } from "../core/json.ts";
import type { Log } from "../core/output/log.ts";
import { nameOfAttempt, readNameOfAttempt } from "../run/handle.ts";
import { isFinal } from "../run/states.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Resource } from "../resources/resource.ts";
import type { Store } from "../stores/store.ts";
import type { RunDocument, StoredRun } from "../run/document.ts";
import { cancelledOutcome, lostOutcome } from "../run/outcome.ts";
import { doneOf, ended, recordedAs } from "../run/transitions.ts";
import { recordOfHead } from "../run/transitions/head-and-record.ts";
import { removeScratch } from "./clear-run.ts";
import { namesIn } from "../core/folders/names.ts";
import { readStoredTail } from "./log-file.ts";
import {
  isLauncherThere,
  keyOfEntry,
  type LiveEntry,
  liveNames,
  lookUpLive,
  releaseLive,
  type UnreadLive,
} from "./live-entry.ts";
import { restoreUnread, unreadWords } from "./unread-entry.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { say } from "../core/output/said.ts";

/** How the run of a killed launcher is said to have ended. */
export type SweepEnding = "lost" | "cancelled";

export type SweepServices = {
  readonly state: StateDirectory;
  readonly log: Log;
  readonly clock: Clock;
  /** The resource of this name (a handle's kind), to end and remove a run that it started. */
  openResource(kind: string): Promise<Resource>;
  /** The store at this location; asked once for each entry that names it. */
  openStore(location: string): Promise<Store>;
  /** The store of this machine, where a run is when its own store had refused it. */
  openOwnStore(): Promise<Store>;
};

/** What became of an entry. `incomplete` stays written down, and is tried again by the next sweep. */
export type SweptRun =
  | { readonly kind: "swept"; readonly runId: string }
  | { readonly kind: "incomplete"; readonly runId: string; readonly message: string }
  /** Its entry can't be read, and what it is of can't be told to be a killed launcher's. */
  | { readonly kind: "unreadable"; readonly runId: string; readonly message: string };

/** SIGTERM to SIGKILL, for a run whose launcher is long gone. */
const graceMs = 5_000;

/** A scratch folder without an entry, this old, belongs to nobody: a launch that makes one is registered. */
const orphanAgeMs = 24 * 3_600_000;

const attempts = 3;

/**
 * Ends and removes what launchers that are gone have left on this machine, and ends their runs in the store. Launchers at work are not
 * touched. Two sweeps at once do no harm: each step is idempotent, and the store's write names the version that it replaces.
 */
export async function sweepRemains(
  ending: SweepEnding,
  services: SweepServices,
  signal: AbortSignal,
): Promise<readonly SweptRun[]> {
  const swept: SweptRun[] = [];
  for (const name of await liveNames(services.state)) {
    signal.throwIfAborted();
    const read = await lookUpLive(services.state, name);
    const was =
      read.kind === "entry"
        ? await sweepEntry({ entry: read.entry, ending }, services, signal)
        : read.kind === "unreadable"
          ? await sweepUnread(read, { ending, services }, signal)
          : undefined;
    if (was !== undefined) swept.push(was);
  }
  await removeOrphans(services);
  return swept;
}

async function sweepEntry(
  { entry, ending }: Swept,
  services: SweepServices,
  signal: AbortSignal,
): Promise<SweptRun | undefined> {
  if (await isLauncherThere(entry, services.state)) return undefined;
  const { run_id: runId } = entry;
  try {
    if (entry.queue !== undefined && (await mayBeAdopted(entry, services, signal))) return undefined;
    await sweepRun({ entry, ending }, services, signal);
    return { kind: "swept", runId };
  } catch (error) {
    return { kind: "incomplete", runId, message: messageOf(error) };
  }
}

type SweepRequest = { readonly ending: SweepEnding; readonly services: SweepServices };

/** What it is of is ended as it would be by an entry, where that can be told. */
async function sweepUnread(
  unread: UnreadLive,
  { ending, services }: SweepRequest,
  signal: AbortSignal,
): Promise<SweptRun> {
  const runId = readNameOfAttempt(unread.name)?.runId ?? unread.name;
  const message = unreadWords(unread);
  try {
    const entry = await restoreUnread(unread, { ...services, openStore: (at) => services.openStore(at) }, signal);
    const swept = entry === undefined ? undefined : await sweepEntry({ entry, ending }, services, signal);
    return swept ?? { kind: "unreadable", runId, message };
  } catch (error) {
    return { kind: "incomplete", runId, message: `${message} (${messageOf(error)})` };
  }
}

/** An agent of this machine goes on with it, as long as the queue says that this attempt is leased. */
async function mayBeAdopted(entry: LiveEntry, services: SweepServices, signal: AbortSignal): Promise<boolean> {
  const store = await services.openStore(entry.store);
  try {
    const stored = await store.read(entry.run_id, signal);
    return stored?.run.lease !== undefined && isOfRun(stored, entry) && stored.run.attempt === entry.attempt;
  } finally {
    await store.close();
  }
}

/** What a store has under the id may be another run: the entry's never came to be written, or was removed since. */
function isOfRun({ run }: StoredRun, { head, queue }: LiveEntry): boolean {
  return run.nonce === head.nonce && run.queued?.queue === queue;
}

/** What a launcher that is gone has left, and how its run is said to have ended. */
type Swept = { readonly entry: LiveEntry; readonly ending: SweepEnding };

async function sweepRun(swept: Swept, services: SweepServices, signal: AbortSignal): Promise<void> {
  const { entry } = swept;
  const { state } = services;
  if (entry.handle !== undefined) {
    const resource = await services.openResource(entry.handle.kind);
    await resource.cancel(entry.handle, graceMs);
    await resource.remove(entry.handle);
  }
  await removeScratch(entry, state);
  // A queued run that is no longer leased to this attempt is another's to end.
  if (entry.queue === undefined) await endInStore(swept, services, signal);
  await releaseLive(state, keyOfEntry(entry));
}

/** Ends the run wherever it was written. */
async function endInStore(swept: Swept, services: SweepServices, signal: AbortSignal): Promise<void> {
  for (const open of [() => services.openStore(swept.entry.store), () => services.openOwnStore()]) {
    const store = await open();
    try {
      if (await endRun(swept, { ...services, store }, signal)) return;
    } finally {
      await store.close();
    }
  }
  await recordUnknownRun(swept, services, signal);
}

/** The launcher was killed before any store had heard of the run: this machine's own store keeps what is known of it. */
async function recordUnknownRun(swept: Swept, services: SweepServices, signal: AbortSignal): Promise<void> {
  const { entry } = swept;
  const store = await services.openOwnStore();
  try {
    const launcher = {
      version,
      host: entry.host,
      platform: `${process.platform}/${process.arch}`,
      node: process.versions.node,
    };
    const known = { run: entry.head, record: toJson(recordOfHead(entry.head, launcher)) };
    const end =
      (await finishedRun(entry, services.state, known.record)) ?? endedRun(known, swept, services.clock.now());
    const result = await store.create(end, signal);
    if (result.kind === "unknown") throw new Error(`run "${entry.run_id}" could not be written: ${result.message}`);
  } finally {
    await store.close();
  }
}

async function endRun(
  swept: Swept,
  { store, state, clock }: SweepServices & { readonly store: Store },
  signal: AbortSignal,
): Promise<boolean> {
  const { entry } = swept;
  let last = "";
  for (let attempt = 0; attempt < attempts; attempt++) {
    const stored = await store.read(entry.run_id, signal);
    if (stored === undefined || !isOfRun(stored, entry)) return false;
    if (isFinal(stored.run.state)) return true;
    const tail = await readStoredTail(state.logFile(nameOfAttempt(keyOfEntry(entry))));
    const end = (await finishedRun(entry, state, stored.record)) ?? endedRun(stored, swept, clock.now());
    const result = await store.update({ ...end, ...(tail === undefined ? {} : { tail }) }, stored.version, signal);
    if (result.kind === "written") return true;
    last = result.kind === "unknown" ? result.message : "it was changed by another at the same time";
  }
  throw new Error(`run "${entry.run_id}" could not be ended in ${store.location}: ${last}`);
}

/** A run that had ended, but whose store could not be told: its record was written here, unless the disk was full. */
async function finishedRun(
  entry: LiveEntry,
  state: StateDirectory,
  known: JsonObject,
): Promise<Pick<StoredRun, "run" | "record"> | undefined> {
  if (!isFinal(entry.head.state)) return undefined;
  const record = await readRecordFile(state.recordFile(nameOfAttempt(keyOfEntry(entry))));
  return { run: entry.head, record: record ?? recordedAs(entry.head, known) };
}

async function readRecordFile(file: string): Promise<JsonObject | undefined> {
  try {
    const record = parseJson((await readOwnFile(file)) ?? "");
    return isJsonObject(record) ? record : undefined;
  } catch {
    // The head has the end; a record that can't be read must not keep the store from hearing of it.
    return undefined;
  }
}

/** The run as it is stored when its launcher was killed. */
function endedRun(document: RunDocument, { entry, ending }: Swept, now: Date): RunDocument {
  const { launcher, host } = entry;
  const message = `its launcher (process ${launcher.pid} on ${host}) was killed`;
  const outcome = ending === "cancelled" ? cancelledOutcome(message) : lostOutcome(message);
  return doneOf(ended(document, outcome, now));
}

/** What is too old to be anyone's: scratch folders without an entry, and entries that were never finished writing. */
async function removeOrphans({ state, clock, log }: SweepServices): Promise<void> {
  const live = new Set(await liveNames(state));
  const old = clock.now().getTime() - orphanAgeMs;
  try {
    for (const name of await namesIn(state.scratch))
      if (!live.has(name)) await removeIfOld(join(state.scratch, name), old);
    for (const name of await namesIn(state.live))
      if (name.startsWith(".")) await removeIfOld(join(state.live, name), old);
  } catch (error) {
    log.warning(say`old scratch folders could not be removed: ${messageOf(error)}`);
  }
}

async function removeIfOld(path: string, before: number): Promise<void> {
  if ((await stat(path)).mtimeMs < before) await removeFolder(path);
}
