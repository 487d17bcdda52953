import { readFile, rm, stat } from "node:fs/promises";
import { redactionOf, redactNothing } from "../core/output/redaction.ts";
import { isFinal } from "../run/states.ts";
import { lostOutcome, type RunOutcome } from "../run/outcome.ts";
import { isJsonObject } from "../core/json.ts";
import { knownTokens } from "../core/token.ts";
import type { Handle } from "../run/handle.ts";
import type { Resource } from "../resources/resource.ts";
import type { RunDocument } from "../run/document.ts";
import { conclude, runAttempt } from "./attempt.ts";
import { clearRemains } from "../machine/clear-run.ts";
import { endElsewhere, handleElsewhere } from "../machine/elsewhere.ts";
import { followRun } from "./follow-run.ts";
import { type Journal, startJournal } from "./journal.ts";
import { keepEarlierLog, queuedOf, type QueuedLaunch, recordOfAttempt } from "./launch-queued.ts";
import { touchKeepAlive } from "../machine/keep-alive.ts";
import { readStoredTail } from "../machine/log-file.ts";
import { readRecord } from "../run/read-record.ts";
import type { RunRecord } from "../run/record.ts";
import { opened, started } from "../run/transitions.ts";
import { type LiveEntry, readLive, takeOverLive, updateLive } from "../machine/live-entry.ts";
import { launchSecrets } from "./secrets.ts";
import type { Run, Services } from "./services.ts";
import { sweepServices } from "../machine/sweep-services.ts";

/*
 * What an agent that was killed has left of a run on this machine, as far as it had come:
 *
 *   ended, and its record is written here      the record is what there is to say
 *   ended, and its outcome is written down     the rest of the end is made up for
 *   running, or ended under its supervisor     it is followed, from the start of its output
 *   anything before that                       nothing was started: what is left of it is removed
 *   nothing here                               it may be elsewhere, and is followed by its handle: see machine/elsewhere.ts
 */

/** Goes on with it and brings it to its end, which goes to the writer. False when there is nothing to go on with. */
export async function adoptQueued(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<boolean> {
  const { state } = services;
  const { run } = launch.document;
  const entry = await readLive(state, run.run_id);
  if (entry?.host !== state.host || entry.attempt !== run.attempt) return adoptElsewhere(launch, services, signal);
  await takeOverLive(state, run.run_id);
  await touchKeepAlive(state, run.run_id);
  if (isFinal(entry.head.state)) {
    await launch.writer.end(await finishedDocument(entry, launch.document, services), 0);
    return true;
  }
  const found = await findRun(entry, services, signal);
  if (entry.outcome === undefined && found === undefined) {
    await clearRemains(entry, services);
    return false;
  }
  const adopted = await openRun({ launch, entry }, services, signal);
  const at = startOf(entry, launch.document, found);
  if (at !== undefined) adopted.journal.become((record) => started(record, "running", new Date(at)));
  await conclude(adopted.run, adopted.journal, () => work(adopted, entry, found));
  return true;
}

type Found = { readonly resource: Resource; readonly handle: Handle };
type Adopted = { readonly run: Run; readonly journal: Journal };

async function findRun(entry: LiveEntry, services: Services, signal: AbortSignal): Promise<Found | undefined> {
  if (entry.handle === undefined) return undefined;
  const resource = await sweepServices(services).openResource(entry.handle.kind);
  const handle = await resource.find({ runId: entry.run_id, attempt: entry.attempt }, signal);
  return handle === undefined ? undefined : { resource, handle };
}

type Left = { readonly launch: QueuedLaunch; readonly entry: LiveEntry };

async function openRun({ launch, entry }: Left, services: Services, signal: AbortSignal): Promise<Adopted> {
  const { document, checked, writer, spareStore } = launch;
  const { run_id: runId, attempt } = document.run;
  const run: Run = {
    request: checked.request,
    services,
    signal,
    runId,
    attempt,
    scratch: entry.scratch,
    queued: queuedOf(launch),
    redact: redactNothing,
    log: undefined,
    left: false,
  };
  const journal = startJournal({
    record: opened((await keptRecord(entry, services)) ?? recordOfAttempt(launch, services)),
    writer,
    spareStore,
    recordFile: services.state.recordFile(runId),
    log: services.log,
    clock: services.clock,
    redact: () => run.redact,
  });
  return { run, journal };
}

/** When it started, which its record may not say yet: at the latest word of it, else when it was submitted. */
function startOf(entry: LiveEntry, { run }: RunDocument, found: Found | undefined): string | undefined {
  const hasRun = found !== undefined || entry.outcome?.exitCode !== undefined;
  return run.started_at ?? (hasRun ? entry.submitted_at : undefined);
}

async function work({ run, journal }: Adopted, entry: LiveEntry, found: Found | undefined): Promise<RunOutcome> {
  const { services, request, runId } = run;
  const logFile = services.state.logFile(runId);
  try {
    const secrets = await launchSecrets(request, services);
    const values = [secrets.run, secrets.build].flatMap((group) => Object.values(group));
    run.redact = redactionOf([...values, ...knownTokens(services.tokens)]);
    if (entry.outcome !== undefined || found === undefined) {
      run.log = await summaryOf(logFile);
      return entry.outcome ?? lostOutcome("its agent was gone, and it with it");
    }
    // The resource has all of the output: it is logged again, from its start.
    await rm(logFile, { force: true });
    const words = `${found.handle.kind}  ${found.handle.name}, which an agent had started that is gone`;
    const timeoutMs = remaining(request.spec.timeout, entry.submitted_at, services.clock.now());
    return await followRun(run, journal, { ...found, asked: undefined, words, timeoutMs });
  } finally {
    if (found !== undefined && run.queued?.elsewhere === undefined) await found.resource.remove(found.handle);
  }
}

async function summaryOf(path: string): Promise<Run["log"]> {
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

/** Follows what was submitted elsewhere to its end, which goes to the writer. False when it was not submitted. */
async function adoptElsewhere(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<boolean> {
  const { document, checked, writer, spareStore } = launch;
  const handle = handleElsewhere(document);
  if (handle === undefined) return false;
  const { run_id: runId, attempt } = document.run;
  await keepEarlierLog(services.state, runId, attempt);
  await runAttempt(
    {
      // Its warnings are in the record.
      request: { ...checked.request, warnings: [] },
      key: { runId, attempt },
      record: opened({ ...readRecord(document), launcher: services.launcher }),
      writer,
      spareStore,
      queued: queuedOf(launch),
      work: (run, journal) => followElsewhere({ run, journal }, document, handle),
    },
    services,
    signal,
  );
  return true;
}

async function followElsewhere({ run, journal }: Adopted, document: RunDocument, handle: Handle): Promise<RunOutcome> {
  const { services, request, runId } = run;
  const { submitted_at: at = document.run.updated_at } = journal.record();
  await updateLive(services.state, runId, { handle, submittedAt: new Date(at) });
  const resource = await sweepServices(services).openResource(handle.kind);
  try {
    const secrets = await launchSecrets(request, services);
    const values = [secrets.run, secrets.build].flatMap((group) => Object.values(group));
    run.redact = redactionOf([...values, ...knownTokens(services.tokens)]);
  } catch (error) {
    // Its output can't be shown without them.
    await endElsewhere(document, services);
    throw error;
  }
  journal.become((record) => started(record, "running", new Date(at)));
  const words = `${handle.kind}  ${handle.name}, which an agent had started that is gone`;
  const timeoutMs = remaining(request.spec.timeout, at, services.clock.now());
  return followRun(run, journal, { resource, asked: undefined, handle, words, timeoutMs });
}

/** What is left of a timeout, by this machine's clock. */
function remaining(timeoutMs: number | undefined, at: string | undefined, now: Date): number | undefined {
  if (timeoutMs === undefined || at === undefined) return timeoutMs;
  return Math.max(0, timeoutMs - Math.max(0, now.getTime() - Date.parse(at)));
}
