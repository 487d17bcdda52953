import { messageOf } from "../core/errors.ts";
import type { PhaseEvent } from "../core/output/log.ts";
import { type Said, say } from "../core/output/said.ts";
import { isOwnLive, updateLive } from "../machine/live-entry.ts";
import { openRunLog } from "../machine/run-log.ts";
import type { Resource, RunRequest } from "../resources/resource.ts";
import { type StartWait, startWaitWords } from "../resources/start-wait.ts";
import type { Handle } from "../run/handle.ts";
import { outcomeOf, type RunOutcome } from "../run/outcome.ts";
import { started } from "../run/transitions.ts";
import { cancelGraceMs, runAtResource } from "./at-resource.ts";
import type { Attempt } from "./attempt.ts";

export type ExecutionRequest = {
  readonly resource: Resource;
  /** Undefined for a run that another has submitted. */
  readonly asked: RunRequest | undefined;
  readonly handle: Handle;
  readonly words: Said;
  readonly timeoutMs: number | undefined;
};

/**
 * A run at its resource, as its attempt tells of it: the phases start and run. At its end it is removed, whatever came of it; one that is
 * elsewhere may go on instead.
 */
export type Execution = AsyncDisposable & {
  /** Submits the run, if that is still to be done; it counts as started then. */
  start(): Promise<void>;
  /** Follows its output to the end. */
  follow(): Promise<RunOutcome>;
};

/** Where the run is by what we know: from the moment that it is asked for, it may be there. */
type Standing = "nowhere" | "there" | "ended";

export function openExecution(attempt: Attempt, request: ExecutionRequest): Execution {
  const { resource, handle, words } = request;
  const { services, journal, queued, signal } = attempt;
  const { log, clock, state, force } = services;
  const runLog = openRunLog({ file: state.logFile(attempt.name), redact: attempt.redact, log });
  const begunMs = clock.monotonicMs();
  let startedMs: number | undefined;
  const waits = (wait: StartWait | undefined): void => {
    // Of a run that hasn't started, the end of its start is told next.
    if (wait !== undefined || startedMs !== undefined) log.phase(waitEvent(wait, startedMs !== undefined));
  };
  const graceMs = queued?.cancelGraceMs ?? cancelGraceMs;
  const remove = async (): Promise<void> => {
    try {
      await atResource.remove();
    } catch (error) {
      // As long as it may go on elsewhere, there is no end of it to tell, and no other attempt.
      if (letGo !== undefined && standing === "there") attempt.goesOn = true;
      else attempt.left = true;
      journal.warn(say`not all of the run could be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
    }
  };
  const letGo = queued?.letGo;
  const atResource = runAtResource({ ...request, waits, force, letGo, cancelGraceMs: graceMs }, signal);
  let standing: Standing = request.asked === undefined ? "there" : "nowhere";

  return {
    start: async () => {
      log.phase({ phase: "start", status: "started", detail: words });
      // Another may have the run by now.
      if (letGo !== undefined && request.asked !== undefined) signal.throwIfAborted();
      standing = "there";
      await atResource.submit();
      startedMs = clock.monotonicMs();
      log.phase({ phase: "start", status: "ended", detail: words, elapsedMs: startedMs - begunMs });
      journal.become((record) => started(record, "running", clock.now()));
      journal.started();
    },
    follow: async () => {
      const [{ seen, endedBy }] = await Promise.all([
        atResource.follow((stream, chunk) => runLog.write(stream, chunk)),
        noteDigest(attempt, resource, handle),
      ]);
      standing = "ended";
      const outcome = outcomeOf(seen, endedBy);
      await keepOutcome(attempt, outcome);
      return outcome;
    },
    [Symbol.asyncDispose]: async () => {
      attempt.goesOn = letGo?.aborted === true && standing === "there";
      if (letGo === undefined || (standing === "there" && !attempt.goesOn)) await remove();
      // What has ended elsewhere is kept until its end is in the store.
      else if (standing === "ended") attempt.left = true;
      attempt.log = await runLog.close();
      journal.addPhases([
        { phase: "start", ms: Math.round((startedMs ?? begunMs) - begunMs) },
        { phase: "run", ms: Math.round(clock.monotonicMs() - (startedMs ?? begunMs)) },
      ]);
    },
  };
}

/** An adopted run counts as started, and what it still waits for is shown all the same. */
function waitEvent(wait: StartWait | undefined, isStarted: boolean): PhaseEvent {
  const detail = wait === undefined ? say`running` : startWaitWords(wait);
  return { phase: isStarted ? "run" : "start", status: "progress", detail };
}

/** An image that was given by its name: the record says what the name meant when it ran. */
async function noteDigest({ journal }: Attempt, resource: Resource, handle: Handle): Promise<void> {
  const { image } = journal.record();
  if (image?.outcome !== "given" || image.digest !== undefined) return;
  try {
    const digest = await resource.imageDigest(handle);
    if (digest !== undefined) journal.amend({ image: { ...image, digest } });
  } catch (error) {
    journal.warn(say`the digest of the image ${image.reference} is not known: ${messageOf(error)}`);
  }
}

/** How it ended, for whoever takes it over: once it is removed, nothing else tells. A run that no queue holds is taken over by nobody. */
async function keepOutcome({ services, queued, key }: Attempt, outcome: RunOutcome): Promise<void> {
  const { state, log } = services;
  if (queued === undefined || !(await isOwnLive(state, key))) return;
  try {
    await updateLive(state, key, { outcome });
  } catch (error) {
    // A full disk: as long as we live, the outcome is not lost.
    log.warning(say`how the run ended can't be written down here: ${messageOf(error)}`);
  }
}
