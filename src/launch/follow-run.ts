import { messageOf } from "../core/errors.ts";
import type { RunOutcome } from "../core/run.ts";
import type { Handle, Resource, RunRequest } from "../resources/resource.ts";
import { execute } from "./execute.ts";
import type { Journal } from "./journal.ts";
import { outcomeOf } from "./outcome.ts";
import { openRunLog } from "./run-log.ts";
import type { Run } from "./services.ts";

export type Submission = {
  readonly resource: Resource;
  readonly asked: RunRequest;
  readonly handle: Handle;
  readonly words: string;
};

/** Submits the run and follows its output to the end: the phases start and run. */
export async function followRun(
  run: Run,
  journal: Journal,
  { resource, asked, handle, words }: Submission,
): Promise<RunOutcome> {
  const { services, request } = run;
  const { log, clock } = services;
  const runLog = openRunLog({ file: services.state.logFile(run.runId), redact: run.redact, log });
  const begun = clock.monotonicMs();
  let started = begun;
  log.phase({ phase: "start", status: "started", detail: words });
  try {
    const { seen, endedBy } = await execute(
      {
        resource,
        run: asked,
        handle,
        sink: (stream, chunk) => runLog.write(stream, chunk),
        timeoutMs: request.spec.timeout,
        clock,
        force: services.force,
        onLeft: (error) => {
          run.left = true;
          journal.warn(`not all of the run could be removed: ${messageOf(error)}; \`launch prune\` tries it again`);
        },
        onStarted: async () => {
          started = clock.monotonicMs();
          log.phase({ phase: "start", status: "ended", detail: words, elapsedMs: started - begun });
          journal.amend({ state: "running", started_at: clock.now().toISOString() });
          journal.started();
          await noteImage(resource, asked, handle, journal);
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

/** An image that was given by its name: the record says what the name meant when it ran. */
async function noteImage(resource: Resource, asked: RunRequest, handle: Handle, journal: Journal): Promise<void> {
  const { image } = asked;
  if (image === undefined || image.digest !== undefined) return;
  try {
    const digest = await resource.imageDigest(handle);
    const found = digest === undefined ? {} : { digest };
    journal.amend({ image: { reference: image.reference, outcome: "given", ...found } });
  } catch (error) {
    journal.warn(`the digest of the image ${image.reference} is not known: ${messageOf(error)}`);
  }
}
