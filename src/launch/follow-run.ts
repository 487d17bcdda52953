import { messageOf } from "../core/errors.ts";
import type { RunOutcome } from "../run/outcome.ts";
import type { Handle } from "../run/handle.ts";
import type { Resource, RunRequest } from "../resources/resource.ts";
import { cancelGraceMs, execute } from "./execute.ts";
import type { Journal } from "./journal.ts";
import { outcomeOf } from "../run/outcome.ts";
import { isOwnLive, updateLive } from "../machine/live-entry.ts";
import { openRunLog } from "../machine/run-log.ts";
import { started as runStarted } from "../run/transitions.ts";
import type { PhaseEvent } from "../core/output/log.ts";
import { type StartWait, startWaitWords } from "../resources/start-wait.ts";
import type { Run } from "./services.ts";

export type Submission = {
  readonly resource: Resource;
  /** Undefined for a run that another has submitted. */
  readonly asked: RunRequest | undefined;
  readonly handle: Handle;
  readonly words: string;
  readonly timeoutMs: number | undefined;
};

/** Submits the run and follows its output to the end: the phases start and run. */
export async function followRun(
  run: Run,
  journal: Journal,
  { resource, asked, handle, words, timeoutMs }: Submission,
): Promise<RunOutcome> {
  const { services, queued, runId } = run;
  const { log, clock } = services;
  const runLog = openRunLog({ file: services.state.logFile(run.runId), redact: run.redact, log });
  const begun = clock.monotonicMs();
  let started = begun;
  let isStarted = false;
  log.phase({ phase: "start", status: "started", detail: words });
  try {
    const { seen, endedBy } = await execute(
      {
        resource,
        run: asked,
        handle,
        sink: (stream, chunk) => runLog.write(stream, chunk),
        waits: (wait) => {
          // Of a run that hasn't started, the end of its start is told next.
          if (wait !== undefined || isStarted) log.phase(waitEvent(wait, isStarted ? "run" : "start"));
        },
        timeoutMs,
        force: services.force,
        elsewhere: queued?.elsewhere,
        cancelGraceMs: queued?.cancelGraceMs ?? cancelGraceMs,
        onEnded: async ({ seen, endedBy }) => {
          // A run that no queue holds is not taken over by anybody.
          if (queued === undefined || !(await isOwnLive(services.state, run))) return;
          try {
            await updateLive(services.state, runId, { outcome: outcomeOf(seen, endedBy) });
          } catch (error) {
            // A full disk: as long as we live, the outcome is not lost.
            log.warning(`how the run ended can't be written down here: ${messageOf(error)}`);
          }
        },
        onLeft: (error) => {
          run.left = true;
          journal.warn(`not all of the run could be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
        },
        onStarted: async () => {
          started = clock.monotonicMs();
          isStarted = true;
          log.phase({ phase: "start", status: "ended", detail: words, elapsedMs: started - begun });
          journal.become((record) => runStarted(record, "running", clock.now()));
          journal.started();
          await noteDigest(resource, handle, journal);
        },
      },
      run.signal,
    );
    return outcomeOf(seen, endedBy);
  } finally {
    run.log = await runLog.close();
    const phases = [
      { phase: "start", ms: Math.round(started - begun) },
      { phase: "run", ms: Math.round(clock.monotonicMs() - started) },
    ] as const;
    journal.addPhases(phases);
  }
}

/** An adopted run counts as started, and what it still waits for is shown all the same. */
function waitEvent(wait: StartWait | undefined, phase: "start" | "run"): PhaseEvent {
  return { phase, status: "progress", detail: wait === undefined ? "running" : startWaitWords(wait) };
}

/** An image that was given by its name: the record says what the name meant when it ran. */
async function noteDigest(resource: Resource, handle: Handle, journal: Journal): Promise<void> {
  const { image } = journal.record();
  if (image?.outcome !== "given" || image.digest !== undefined) return;
  try {
    const digest = await resource.imageDigest(handle);
    if (digest !== undefined) journal.amend({ image: { ...image, digest } });
  } catch (error) {
    journal.warn(`the digest of the image ${image.reference} is not known: ${messageOf(error)}`);
  }
}
