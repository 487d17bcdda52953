import { LaunchError, machineFault, messageOf } from "../core/errors.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { redactedBefore } from "../core/output/redacted-log.ts";
import type { Redact } from "../core/output/redaction.ts";
import { quoted, say } from "../core/output/said.ts";
import { isOwnLive, releaseLive, updateLive } from "../machine/live-entry.ts";
import { collectOutputs } from "../machine/outputs.ts";
import { makeRunFolders } from "../machine/run-folders.ts";
import { type ClosedRunLog, lastLines } from "../machine/run-log.ts";
import { doneWords } from "../reporting/describe.ts";
import { elapsedOf } from "../reporting/run-report.ts";
import { nameOfAttempt, type RunKey } from "../run/handle.ts";
import { outcomeOfError, type RunOutcome } from "../run/outcome.ts";
import type { RunRecord } from "../run/record.ts";
import { redactedMessage } from "../run/redaction/own-messages.ts";
import { finished } from "../run/transitions.ts";
import { headOf } from "../run/transitions/head-and-record.ts";
import { type Journal, startJournal } from "./journal.ts";
import type { LaunchRequest, QueuedAttempt, RunResult, Services } from "./services.ts";
import { redactionOfPlace } from "./secrets.ts";
import type { RunWriter } from "./store-writer.ts";

/** One attempt at a run: of a launch here and now, or of an agent's. */
export type AttemptRequest = {
  readonly request: LaunchRequest;
  readonly key: RunKey;
  readonly record: RunRecord;
  readonly writer: RunWriter;
  /** Each write is dear: a run that isn't submitted yet is not written. */
  readonly spareStore: boolean;
  readonly queued: QueuedAttempt | undefined;
};

/** An attempt on its way: what its steps share. */
export type Attempt = {
  readonly request: LaunchRequest;
  readonly services: Services;
  readonly signal: AbortSignal;
  readonly key: RunKey;
  /** What its folders here go by. */
  readonly name: string;
  readonly scratch: string;
  readonly queued: QueuedAttempt | undefined;
  readonly journal: Journal;
  redact: Redact;
  log: ClosedRunLog | undefined;
  /** Something of it could not be removed: its live entry stays, for the next sweep. */
  left: boolean;
  /** It is elsewhere, and goes on there: another agent follows it, or this one when it can. */
  goesOn: boolean;
};

/** Makes the folders of an attempt and writes down that this process is at it. Nothing of it is anywhere before. */
export async function openAttempt(asked: AttemptRequest, services: Services, signal: AbortSignal): Promise<Attempt> {
  const { request, key, record, writer, queued } = asked;
  const { state } = services;
  await makeRunFolders(state, {
    key,
    store: writer.location(),
    head: headOf(record),
    ...(queued === undefined ? {} : { queue: queued.queue, storeId: queued.storeId, slots: queued.slots }),
    ...(queued?.definition === undefined ? {} : { definition: queued.definition }),
  });
  const attempt = reopenAttempt(asked, services, signal);
  for (const warning of request.warnings) attempt.journal.warn(quoted(warning));
  return attempt;
}

/** The same for an attempt whose folders are there, and of which this process is written down. */
export function reopenAttempt(asked: AttemptRequest, services: Services, signal: AbortSignal): Attempt {
  const { request, key, queued, record, writer, spareStore } = asked;
  const { clock, state } = services;
  const name = nameOfAttempt(key);
  const recordFile = state.recordFile(name);
  const log = redactedBefore(services.log, () => attempt.redact);
  const attempt: Attempt = {
    ...{ request, services: { ...services, log }, signal, key, name, scratch: state.scratchFolder(name), queued },
    journal: startJournal({ record, writer, spareStore, recordFile, log, clock, redact: () => attempt.redact }),
    redact: redactionOfPlace(request, services),
    log: undefined,
    left: false,
    goesOn: false,
  };
  return attempt;
}

/** What an attempt's work came to. */
export type CameTo = {
  readonly outcome: RunOutcome;
  /** More lines about a failure: a build's last lines, a hunk. */
  readonly detail: readonly string[];
  /** Thrown once the end was written. */
  readonly bug: Error | undefined;
};

export function cameTo(outcome: RunOutcome): CameTo {
  return { outcome, detail: [], bug: undefined };
}

/** The same for work that has thrown. */
export function cameToError({ signal, redact }: Attempt, thrown: unknown): CameTo {
  // What failed while the work was being cleared away is not why it failed.
  const error: unknown = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
  const outcome = outcomeOfError(signal.aborted ? new LaunchError("cancelled", "cancelled", { cause: error }) : error);
  if (error instanceof LaunchError) return { ...cameTo(outcome), detail: error.detail.map(redact) };
  if (signal.aborted || machineFault(error) !== undefined) return cameTo(outcome);
  return { ...cameTo(outcome), bug: error instanceof Error ? error : new Error(String(error)) };
}

/** Writes how an attempt ended, and removes what was made for it. Throws only for a bug, after all of that. */
export async function closeAttempt(attempt: Attempt, { outcome: came, detail, bug }: CameTo): Promise<RunResult> {
  const { services, journal, key, name, queued, log, redact } = attempt;
  const outcome = came.state === "succeeded" ? came : { ...came, message: redactedMessage(came.message, redact) };
  const { state } = services;
  await recordEnd(attempt, outcome);
  await keepEnd(attempt);
  // An agent writes until it is known, and takes the next run with it: people hear of this one's end before.
  if (queued !== undefined) tellEnd(attempt);
  const [stored] = await Promise.all([journal.finish(log?.tail ?? ""), removeScratch(attempt)]);
  await settleLive(attempt, stored);
  if (queued === undefined) tellEnd(attempt);
  if (bug !== undefined) throw bug;
  return {
    runId: key.runId,
    outcome,
    record: journal.record(),
    recordFile: state.recordFile(name),
    logFile: state.logFile(name),
    lastLines: lastLines(log?.tail ?? "", 40),
    detail,
    store: journal.location(),
  };
}

/** Goes away from an attempt whose run goes on: nothing is written of it, and nothing of it stays here. */
export async function leaveAttempt(attempt: Attempt): Promise<void> {
  await removeScratch(attempt);
  attempt.services.log.info(say`left running, for another agent to follow`);
}

/** Enough for a hundred gigabytes. A file may claim to be far larger than what was written to it, and hashing holds up the end. */
const longestHashingMs = 5 * 60_000;
/** Checkpoints of gigabytes take longer to hash than a cancel leaves. */
const cancelledHashingMs = 500;

/** Says when there is no more time for hashes: after the longest, or soon after everything is to end. */
function hashingTime(ending: AbortSignal): Disposable & { readonly over: AbortSignal } {
  const controller = new AbortController();
  const over = (): void => controller.abort();
  const timers = [setTimeout(over, longestHashingMs)];
  const hurry = (): void => void timers.push(setTimeout(over, cancelledHashingMs));
  if (ending.aborted) hurry();
  else ending.addEventListener("abort", hurry, { once: true });
  return {
    over: controller.signal,
    [Symbol.dispose]: () => {
      for (const timer of timers) clearTimeout(timer);
      ending.removeEventListener("abort", hurry);
    },
  };
}

/** The end in the record: the outcome, the outputs, and where the log is. */
async function recordEnd(attempt: Attempt, outcome: RunOutcome): Promise<void> {
  const { services, journal, name, log: ended, signal } = attempt;
  const { state, log, clock } = services;
  using hashing = hashingTime(outcome.state === "cancelled" ? AbortSignal.abort() : signal);
  const outputs = await collectOutputs(state.outputFolder(name), { ...log, warning: journal.warn }, hashing.over);
  journal.become((record) => finished(record, outcome, clock.now()));
  journal.amend({
    metrics: outputs.metrics,
    outputs: outputs.files,
    ...(ended === undefined
      ? {}
      : {
          log: { lines: ended.lines, bytes: ended.bytes, file: state.logFile(name), complete: ended.complete },
        }),
  });
}

/** The end is written down here before the store hears of it: of who is killed meanwhile it is known all the same. */
async function keepEnd({ services, journal, key, name }: Attempt): Promise<void> {
  const { state, log } = services;
  await journal.keep();
  try {
    if (await isOwnLive(state, key)) await updateLive(state, key, { head: headOf(journal.record()) });
  } catch (error) {
    // A full disk: it is tried again when the store could not be told.
    log.debug(say`${state.liveFile(name)} could not be written: ${messageOf(error)}`);
  }
}

function tellEnd({ services, journal }: Attempt): void {
  const record = journal.record();
  services.log.phase({
    phase: "done",
    status: record.state === "succeeded" ? "ended" : "failed",
    detail: doneWords(record, elapsedOf(record)),
    elapsedMs: undefined,
  });
}

async function removeScratch(attempt: Attempt): Promise<void> {
  const { scratch, services } = attempt;
  try {
    await removeFolder(scratch);
  } catch (error) {
    attempt.left = true;
    services.log.warning(say`${scratch} could not be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
  }
}

/** What the store has not heard of, and what is still there, stays written down here for the next sweep. */
async function settleLive({ services, journal, key, name, left }: Attempt, stored: boolean): Promise<void> {
  const { state, log } = services;
  try {
    if (!(await isOwnLive(state, key))) log.debug(say`another launcher goes on with the run here`);
    else if (stored && !left) await releaseLive(state, key);
    else await updateLive(state, key, { head: headOf(journal.record()) });
  } catch (error) {
    log.warning(say`${state.liveFile(name)} could not be written: ${messageOf(error)}`);
  }
}
