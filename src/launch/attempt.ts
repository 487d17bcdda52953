import { LaunchError, messageOf, systemCode } from "../core/errors.ts";
import { redactNothing } from "../core/output/redaction.ts";
import type { RunOutcome } from "../run/outcome.ts";
import type { RunKey } from "../run/handle.ts";
import { doneWords } from "../reporting/describe.ts";
import { headOf } from "../run/record.ts";
import { type Journal, startJournal } from "./journal.ts";
import { outcomeOfError } from "../run/outcome.ts";
import { collectOutputs } from "../machine/outputs.ts";
import type { RunRecord } from "../run/record.ts";
import { finished } from "../run/transitions.ts";
import { isOwnLive, releaseLive, updateLive } from "../machine/live-entry.ts";
import { removeFolder } from "../core/folders/remove.ts";
import { makeRunFolders } from "../machine/run-folders.ts";
import { lastLines } from "../machine/run-log.ts";
import { elapsedOf } from "../reporting/run-report.ts";
import type { LaunchRequest, QueuedAttempt, Run, RunResult, Services } from "./services.ts";
import type { RunWriter } from "./store-writer.ts";

/** One attempt at a run: of a launch here and now, or of an agent's. */
export type Attempt = {
  readonly request: LaunchRequest;
  readonly key: RunKey;
  readonly record: RunRecord;
  readonly writer: RunWriter;
  /** Each write is dear: a run that isn't submitted yet is not written. */
  readonly spareStore: boolean;
  readonly queued: QueuedAttempt | undefined;
  readonly work: Work;
};

/** What is done between a run's registration and its end. */
export type Work = (run: Run, journal: Journal) => Promise<RunOutcome>;

/**
 * Does an attempt's work and writes how it ended, whatever happens in it. Throws only for a bug, after the run's record was written all
 * the same.
 */
export async function runAttempt(attempt: Attempt, services: Services, signal: AbortSignal): Promise<RunResult> {
  const { request, key, record, writer, queued } = attempt;
  const { log, clock, state } = services;
  const { runId } = key;
  // An attempt that another agent has given up may still be at its end here: each has its own.
  const scratch = state.scratchFolder(key.attempt > 1 ? `${runId}.${key.attempt}` : runId);
  const run: Run = {
    request,
    services,
    signal,
    ...key,
    scratch,
    queued,
    redact: redactNothing,
    log: undefined,
    left: false,
  };
  await makeRunFolders(state, {
    ...key,
    scratch,
    store: writer.location(),
    head: headOf(record),
    ...(queued === undefined ? {} : { queue: queued.queue, slots: queued.slots }),
    ...(queued?.definition === undefined ? {} : { definition: queued.definition }),
  });
  const journal = startJournal({
    record,
    writer,
    spareStore: attempt.spareStore,
    recordFile: state.recordFile(runId),
    log,
    clock,
    redact: () => run.redact,
  });
  for (const warning of request.warnings) journal.warn(warning);
  return conclude(run, journal, attempt.work);
}

/** Does the work and writes its end, for a run that is registered. */
export async function conclude(run: Run, journal: Journal, work: Work): Promise<RunResult> {
  const { signal } = run;
  let outcome: RunOutcome;
  let bug: Error | undefined;
  let detail: readonly string[] = [];
  try {
    outcome = await work(run, journal);
  } catch (error) {
    outcome = outcomeOfError(signal.aborted ? new LaunchError("cancelled", "cancelled", { cause: error }) : error);
    if (error instanceof LaunchError) detail = error.detail.map((line) => run.redact(line));
    else if (!signal.aborted && !isMachineFault(error)) bug = error instanceof Error ? error : new Error(String(error));
  }
  const result = await finish(run, journal, { outcome, detail });
  if (bug !== undefined) throw bug;
  return result;
}

/** A full disk and the like can show anywhere; its own words say what to do. */
function isMachineFault(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM"].includes(systemCode(error) ?? "");
}

/** What the store has not heard of, and what is still there, stays written down here for the next sweep. */
async function settleLive(run: Run, stored: boolean, record: RunRecord): Promise<void> {
  const { services, runId } = run;
  const { state, log } = services;
  try {
    if (!(await isOwnLive(state, run))) log.debug("another launcher goes on with the run here");
    else if (stored && !run.left) await releaseLive(state, runId);
    else await updateLive(state, runId, { head: headOf(record) });
  } catch (error) {
    log.warning(`${state.liveFile(runId)} could not be written: ${messageOf(error)}`);
  }
}

/** Checkpoints of gigabytes take longer to hash than a cancel leaves. */
const cancelledHashingMs = 500;

/** Writes how a run ended, and removes what was made for it. */
async function finish(
  run: Run,
  journal: Journal,
  { outcome, detail }: Pick<RunResult, "outcome" | "detail">,
): Promise<RunResult> {
  const { services, runId } = run;
  const { state, log, clock } = services;
  const hashing = outcome.state === "cancelled" ? AbortSignal.timeout(cancelledHashingMs) : undefined;
  const outputs = await collectOutputs(state.outputFolder(runId), { ...log, warning: journal.warn }, hashing);
  const logFile = state.logFile(runId);
  const ended = run.log;
  const told = outcome.state === "succeeded" ? outcome : { ...outcome, message: run.redact(outcome.message) };
  journal.become((record) => finished(record, told, clock.now()));
  journal.amend({
    metrics: outputs.metrics,
    outputs: outputs.files,
    ...(ended === undefined
      ? {}
      : { log: { lines: ended.lines, bytes: ended.bytes, file: logFile, complete: ended.complete } }),
  });
  const stored = await journal.finish(ended?.tail ?? "");
  try {
    await removeFolder(run.scratch);
  } catch (error) {
    run.left = true;
    log.warning(`${run.scratch} could not be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
  }
  const record = journal.record();
  await settleLive(run, stored, record);
  log.phase({
    phase: "done",
    status: outcome.state === "succeeded" ? "ended" : "failed",
    detail: doneWords(record, elapsedOf(record)),
    elapsedMs: undefined,
  });
  return {
    runId,
    outcome,
    record,
    recordFile: state.recordFile(runId),
    logFile,
    lastLines: lastLines(ended?.tail ?? "", 40),
    detail,
    store: journal.location(),
  };
}
