import { readFile, rm, stat } from "node:fs/promises";
import { messageOf } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import { lostOutcome, type RunOutcome } from "../run/outcome.ts";
import { type JsonObject, readJsonObject } from "../core/json.ts";
import { recordBounds } from "../run/bounds.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { ours, say } from "../core/output/said.ts";
import type { RunDocument } from "../run/document.ts";
import { cancelGraceMs } from "./at-resource.ts";
import {
  type Attempt,
  type AttemptRequest,
  type CameTo,
  cameTo,
  cameToError,
  openAttempt,
  reopenAttempt,
} from "./attempt.ts";
import { clearRemains, removeScratch } from "../machine/clear-run.ts";
import { findAtResource, type FoundRun, handleElsewhere, isElsewhere } from "../machine/elsewhere.ts";
import { openExecution } from "./execution.ts";
import { closeQueued, type QueuedEnd, queuedOf, type QueuedLaunch, recordOfAttempt } from "./launch-queued.ts";
import { touchKeepAlive } from "../machine/keep-alive.ts";
import { readStoredTail } from "../machine/log-file.ts";
import { nameOfAttempt } from "../run/handle.ts";
import { readRecord, recordOf } from "../run/read-record.ts";
import type { RunRecord } from "../run/record.ts";
import { opened, recordedAs, started } from "../run/transitions.ts";
import { liveEntryOf, keyOfEntry, type LiveEntry, takeOverLive, updateLive } from "../machine/live-entry.ts";
import { openSecrets } from "./phases.ts";
import type { Services } from "./services.ts";

/*
 * What an agent that was killed has left of a run on this machine, as far as it had come:
 *
 *   ended, and its record is written here      the record is what there is to say
 *   ended, and its outcome is written down     the rest of the end is made up for
 *   running, or ended under its supervisor     it is followed, from the start of its output
 *   anything before that                       nothing was started: what is left of it is removed
 *   nothing here                               it may be elsewhere, and is followed there: see machine/elsewhere.ts
 */

/** `nothing`: there is nothing to go on with. */
export type Adopted = QueuedEnd | "nothing";

/** Goes on with it and brings it to its end, which goes to the writer. */
export async function adoptQueued(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<Adopted> {
  const { state } = services;
  const { key } = launch;
  const entry = await liveEntryOf(state, key);
  if (entry === undefined) return adoptElsewhere(launch, services, signal);
  await takeOverLive(state, key);
  await touchKeepAlive(state, nameOfAttempt(key));
  if (isFinal(entry.head.state)) {
    await clearScratch(entry, services);
    await launch.writer.end(await finishedDocument(entry, launch.document, services), 0);
    return "ended";
  }
  const found = await findLeft(launch, entry.handle?.kind, services);
  if (found === "unknown") return "left";
  if (entry.outcome === undefined && found === undefined) {
    await clearRemains(entry, services);
    return "nothing";
  }
  const attempt = await reopen({ launch, entry }, services, signal);
  const at = startOf(entry, launch.document, found);
  if (at !== undefined) attempt.journal.become((record) => started(record, "running", new Date(at)));
  return closeQueued(attempt, await cameOf(attempt, goOn(attempt, entry, found)));
}

async function cameOf(attempt: Attempt, work: Promise<RunOutcome>): Promise<CameTo> {
  try {
    return cameTo(await work);
  } catch (error) {
    return cameToError(attempt, error);
  }
}
/** It may have been killed before it came to that. */
async function clearScratch(entry: LiveEntry, { state, log }: Services): Promise<void> {
  try {
    await removeScratch(entry, state);
  } catch (error) {
    const folder = state.scratchFolder(nameOfAttempt(keyOfEntry(entry)));
    log.warning(say`${folder} could not be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
  }
}

/** What of it is at its resource. One that is elsewhere, and can't be reached, may still run: then nothing is said of it. */
async function findLeft(
  launch: QueuedLaunch,
  kind: string | undefined,
  services: Services,
): Promise<FoundRun | "unknown" | undefined> {
  if (kind === undefined) return undefined;
  try {
    return await findAtResource(kind, launch.key, services);
  } catch (error) {
    if (!isElsewhere(kind)) throw error;
    services.log.warning(say`whether it still runs is not known: ${messageOf(error)}`);
    return "unknown";
  }
}

type Left = { readonly launch: QueuedLaunch; readonly entry: LiveEntry };

async function reopen({ launch, entry }: Left, services: Services, signal: AbortSignal): Promise<Attempt> {
  const record = opened((await keptRecord(entry, services)) ?? recordOfAttempt(launch, services));
  return reopenAttempt(askedOf(launch, record), services, signal);
}

function askedOf(launch: QueuedLaunch, record: RunRecord): AttemptRequest {
  const { key, checked, writer, spareStore } = launch;
  return { request: checked.request, key, record, writer, spareStore, queued: queuedOf(launch) };
}

/** When it started, which its record may not say yet: at the latest word of it, else when it was submitted. */
function startOf(entry: LiveEntry, { run }: RunDocument, found: FoundRun | undefined): string | undefined {
  const hasRun = found !== undefined || entry.outcome?.exitCode !== undefined;
  return run.started_at ?? (hasRun ? entry.submitted_at : undefined);
}

async function goOn(attempt: Attempt, entry: LiveEntry, found: FoundRun | undefined): Promise<RunOutcome> {
  const { services, name, queued } = attempt;
  const logFile = services.state.logFile(name);
  try {
    if (entry.outcome === undefined && found !== undefined) {
      // The resource has all of the output: it is logged again, from its start.
      await rm(logFile, { force: true });
      return await followFound(attempt, found, entry.submitted_at);
    }
    await openSecrets(attempt);
    attempt.log = await summaryOf(logFile);
    return entry.outcome ?? lostOutcome("its agent was gone, and it with it");
  } finally {
    if (found !== undefined && queued?.letGo === undefined) await removeFound(attempt, found);
  }
}

/** What stands in the way of that doesn't change how it ended. */
async function removeFound(attempt: Attempt, { resource, handle }: FoundRun): Promise<void> {
  try {
    await resource.remove(handle);
  } catch (error) {
    attempt.left = true;
    attempt.services.log.warning(say`not all of the run could be removed: ${messageOf(error)}`);
  }
}

/** Follows what another has submitted. */
async function followFound(attempt: Attempt, found: FoundRun, at: string | undefined): Promise<RunOutcome> {
  const { services, request } = attempt;
  const { handle } = found;
  try {
    await openSecrets(attempt);
  } catch (error) {
    // Its output can't be shown without them.
    await endUnshown(attempt, found);
    throw error;
  }
  const words = say`${ours(handle.kind)}  ${ours(handle.name)}, which an agent had started that is gone`;
  const timeoutMs = remaining(request.spec.timeout, at, services.clock.now());
  await using execution = openExecution(attempt, { ...found, asked: undefined, words, timeoutMs });
  await execution.start();
  return await execution.follow();
}

async function endUnshown(attempt: Attempt, { resource, handle }: FoundRun): Promise<void> {
  try {
    await resource.cancel(handle, attempt.queued?.cancelGraceMs ?? cancelGraceMs);
    await resource.remove(handle);
  } catch (error) {
    attempt.goesOn = attempt.queued?.letGo !== undefined;
    attempt.services.log.warning(say`it could not be ended: ${messageOf(error)}`);
  }
}

/** By this machine's clock, also where another's wrote the time down: it is at most off by what their clocks are apart. */
function remaining(timeoutMs: number | undefined, at: string | undefined, now: Date): number | undefined {
  if (timeoutMs === undefined || at === undefined) return timeoutMs;
  return Math.max(0, timeoutMs - Math.max(0, now.getTime() - Date.parse(at)));
}

/** Follows what was submitted elsewhere to its end, which goes to the writer. */
async function adoptElsewhere(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<Adopted> {
  const { document } = launch;
  const found = await findLeft(launch, handleElsewhere(document)?.kind, services);
  if (found === "unknown") return "left";
  if (found === undefined) return "nothing";
  const { key } = launch;
  // All of its output comes again, also where it was followed on this machine before.
  await rm(services.state.logFile(nameOfAttempt(key)), { force: true });
  const asked = askedOf(launch, opened({ ...readRecord(document), launcher: services.launcher }));
  // What there was to warn of is in the record.
  const request = { ...asked.request, warnings: [] };
  const attempt = await openAttempt({ ...asked, request }, services, signal);
  const { submitted_at: at = document.run.updated_at } = attempt.journal.record();
  await updateLive(services.state, key, { handle: found.handle, submittedAt: new Date(at) });
  attempt.journal.become((record) => started(record, "running", new Date(at)));
  return closeQueued(attempt, await cameOf(attempt, followFound(attempt, found, at)));
}

async function summaryOf(path: string): Promise<Attempt["log"]> {
  const tail = await readStoredTail(path);
  if (tail === undefined) return undefined;
  const text = await readFile(path, "latin1");
  const lines = text.split("\n").length - 1;
  return { lines, bytes: (await stat(path)).size - 2 * lines, tail, complete: true };
}

async function finishedDocument(entry: LiveEntry, document: RunDocument, { state }: Services): Promise<RunDocument> {
  const tail = await readStoredTail(state.logFile(nameOfAttempt(keyOfEntry(entry))));
  return {
    run: entry.head,
    // On a full disk there was no room for it.
    record: (await writtenRecord(entry, state)) ?? recordedAs(entry.head, document.record),
    ...(tail === undefined ? {} : { tail }),
  };
}

/** The record as the agent that is gone kept it when it submitted the run. */
async function keptRecord(entry: LiveEntry, { state }: Services): Promise<RunRecord | undefined> {
  const record = await writtenRecord(entry, state);
  const read = record === undefined ? undefined : recordOf({ run: entry.head, record });
  return read?.kind === "record" ? read.record : undefined;
}

/** The attempt's record; undefined where it was not written yet, or was torn by the kill. */
async function writtenRecord(entry: LiveEntry, state: StateDirectory): Promise<JsonObject | undefined> {
  try {
    const file = state.recordFile(nameOfAttempt(keyOfEntry(entry)));
    const read = readJsonObject(await readFile(file), recordBounds);
    return read.kind === "object" ? read.value : undefined;
  } catch {
    return undefined;
  }
}
