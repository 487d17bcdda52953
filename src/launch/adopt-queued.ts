import { readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { messageOf } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import { lostOutcome, type RunOutcome } from "../run/outcome.ts";
import { isJsonObject } from "../core/json.ts";
import type { Handle } from "../run/handle.ts";
import type { Resource } from "../resources/resource.ts";
import type { RunDocument } from "../run/document.ts";
import { type Attempt, type CameTo, cameTo, cameToError, closeAttempt, reopenAttempt } from "./attempt.ts";
import { clearRemains, removeScratch } from "../machine/clear-run.ts";
import { openExecution } from "./execution.ts";
import { queuedOf, type QueuedLaunch, recordOfAttempt } from "./launch-queued.ts";
import { touchKeepAlive } from "../machine/keep-alive.ts";
import { readStoredTail } from "../machine/log-file.ts";
import { readRecord } from "../run/read-record.ts";
import type { RunRecord } from "../run/record.ts";
import { opened, started } from "../run/transitions.ts";
import { type LiveEntry, readLive, takeOverLive } from "../machine/live-entry.ts";
import { openSecrets } from "./phases.ts";
import type { Services } from "./services.ts";
import { sweepServices } from "../machine/sweep-services.ts";

/*
 * What an agent that was killed has left of a run on this machine, as far as it had come:
 *
 *   ended, and its record is written here      the record is what there is to say
 *   ended, and its outcome is written down     the rest of the end is made up for
 *   running, or ended under its supervisor     it is followed, from the start of its output
 *   anything before that                       nothing was started: what is left of it is removed
 */

/** Goes on with it and brings it to its end, which goes to the writer. False when there is nothing to go on with. */
export async function adoptQueued(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<boolean> {
  const { state } = services;
  const { run } = launch.document;
  const entry = await readLive(state, run.run_id);
  if (entry?.host !== hostname() || entry.attempt !== run.attempt) return false;
  await takeOverLive(state, run.run_id);
  await touchKeepAlive(state, run.run_id);
  if (isFinal(entry.head.state)) {
    await clearScratch(entry, services);
    await launch.writer.end(await finishedDocument(entry, launch.document, services), 0);
    return true;
  }
  const found = await findRun(entry, services, signal);
  if (entry.outcome === undefined && found === undefined) {
    await clearRemains(entry, services);
    return false;
  }
  const attempt = await reopen({ launch, entry }, services, signal);
  const at = startOf(entry, launch.document, found);
  if (at !== undefined) attempt.journal.become((record) => started(record, "running", new Date(at)));
  let end: CameTo;
  try {
    end = cameTo(await goOn(attempt, entry, found));
  } catch (error) {
    end = cameToError(attempt, error);
  }
  await closeAttempt(attempt, end);
  return true;
}

/** It may have been killed before it came to that. */
async function clearScratch(entry: LiveEntry, { state, log }: Services): Promise<void> {
  try {
    await removeScratch(entry, state);
  } catch (error) {
    log.warning(`${entry.scratch} could not be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
  }
}

type Found = { readonly resource: Resource; readonly handle: Handle };

async function findRun(entry: LiveEntry, services: Services, signal: AbortSignal): Promise<Found | undefined> {
  if (entry.handle === undefined) return undefined;
  const resource = await sweepServices(services).openResource(entry.handle.kind);
  const handle = await resource.find({ runId: entry.run_id, attempt: entry.attempt }, signal);
  return handle === undefined ? undefined : { resource, handle };
}

type Left = { readonly launch: QueuedLaunch; readonly entry: LiveEntry };

async function reopen({ launch, entry }: Left, services: Services, signal: AbortSignal): Promise<Attempt> {
  const { document, checked, writer, spareStore } = launch;
  const { run_id: runId, attempt } = document.run;
  const asked = {
    request: checked.request,
    key: { runId, attempt },
    scratch: entry.scratch,
    record: opened((await keptRecord(entry, services)) ?? recordOfAttempt(launch, services)),
    queued: queuedOf(launch),
    ...{ writer, spareStore },
  };
  return reopenAttempt(asked, services, signal);
}

/** When it started, which its record may not say yet: at the latest word of it, else when it was submitted. */
function startOf(entry: LiveEntry, { run }: RunDocument, found: Found | undefined): string | undefined {
  const hasRun = found !== undefined || entry.outcome?.exitCode !== undefined;
  return run.started_at ?? (hasRun ? entry.submitted_at : undefined);
}

async function goOn(attempt: Attempt, entry: LiveEntry, found: Found | undefined): Promise<RunOutcome> {
  const { services, request, key } = attempt;
  const logFile = services.state.logFile(key.runId);
  try {
    await openSecrets(attempt);
    if (entry.outcome !== undefined || found === undefined) {
      attempt.log = await summaryOf(logFile);
      return entry.outcome ?? lostOutcome("its agent was gone, and it with it");
    }
    // The resource has all of the output: it is logged again, from its start.
    await rm(logFile, { force: true });
    const words = `${found.handle.kind}  ${found.handle.name}, which an agent had started that is gone`;
    const timeoutMs = remaining(request.spec.timeout, entry, services.clock.now());
    await using execution = openExecution(attempt, { ...found, asked: undefined, words, timeoutMs });
    await execution.start();
    return await execution.follow();
  } finally {
    if (found !== undefined) await found.resource.remove(found.handle);
  }
}

/** By this machine's clock, since it is the one that wrote the time down. */
function remaining(timeoutMs: number | undefined, { submitted_at: at }: LiveEntry, now: Date): number | undefined {
  if (timeoutMs === undefined || at === undefined) return timeoutMs;
  return Math.max(0, timeoutMs - Math.max(0, now.getTime() - Date.parse(at)));
}

async function summaryOf(path: string): Promise<Attempt["log"]> {
  const tail = await readStoredTail(path);
  if (tail === undefined) return undefined;
  const text = await readFile(path, "latin1");
  const lines = text.split("\n").length - 1;
  return { lines, bytes: (await stat(path)).size - 2 * lines, tail, complete: true };
}

async function finishedDocument(entry: LiveEntry, document: RunDocument, { state }: Services): Promise<RunDocument> {
  const record: unknown = JSON.parse(await readFile(state.recordFile(entry.run_id), "utf8"));
  const tail = await readStoredTail(state.logFile(entry.run_id));
  return {
    run: entry.head,
    record: isJsonObject(record) ? record : document.record,
    ...(tail === undefined ? {} : { tail }),
  };
}

/** The record as the agent that is gone kept it when it submitted the run. */
async function keptRecord(entry: LiveEntry, { state }: Services): Promise<RunRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(state.recordFile(entry.run_id), "utf8"));
    if (!isJsonObject(value) || value["attempt"] !== entry.attempt) return undefined;
    return readRecord({ run: entry.head, record: value });
  } catch {
    // Not written yet, or torn by the kill: the store's own is what there is.
    return undefined;
  }
}
