import { redactionOf } from "../core/output/redaction.ts";
import { knownTokens } from "../core/token.ts";
import { updateLive } from "../machine/live-entry.ts";
import { sweepServices } from "../machine/sweep-services.ts";
import { resourceTraits } from "../resources/index.ts";
import type { RunDocument } from "../run/document.ts";
import { type Handle, handleSchema } from "../run/handle.ts";
import type { RunOutcome } from "../run/outcome.ts";
import { readRecord } from "../run/read-record.ts";
import { opened, started } from "../run/transitions.ts";
import { runAttempt } from "./attempt.ts";
import { followRun } from "./follow-run.ts";
import type { Journal } from "./journal.ts";
import { keepEarlierLog, queuedOf, type QueuedLaunch } from "./launch-queued.ts";
import { launchSecrets } from "./secrets.ts";
import type { Run, Services } from "./services.ts";

/*
 * A run that is elsewhere needs nothing of the machine that its agent was on: its handle was in the store before it was submitted. Any
 * agent goes on with the same attempt by that handle, from the start of the output, all of which its resource has.
 */

/** SIGTERM to SIGKILL, for a run that nobody can follow. */
const graceMs = 5_000;

/** What the present attempt was submitted as; undefined for one that wasn't, as far as the store knows, and for one that isn't elsewhere. */
export function handleElsewhere({ run, record }: RunDocument): Handle | undefined {
  if (resourceTraits(run.resource)?.where !== "elsewhere" || record["attempt"] !== run.attempt) return undefined;
  const handle = handleSchema.safeParse(record["handle"]).data;
  return handle?.kind === run.resource ? handle : undefined;
}

/** What of the run is there, as its resource says. */
export async function findElsewhere(
  document: RunDocument,
  services: Services,
  signal: AbortSignal,
): Promise<Handle | undefined> {
  const handle = handleElsewhere(document);
  if (handle === undefined) return undefined;
  const { run_id: runId, attempt } = document.run;
  const resource = await sweepServices(services).openResource(handle.kind);
  return resource.find({ runId, attempt }, signal);
}

/** Ends and removes what was submitted elsewhere of a run that nobody goes on with. */
export async function endElsewhere(document: RunDocument, services: Services): Promise<void> {
  const handle = handleElsewhere(document);
  if (handle === undefined) return;
  const resource = await sweepServices(services).openResource(handle.kind);
  await resource.cancel(handle, graceMs);
  await resource.remove(handle);
}

/** Follows it to its end, which goes to the writer. False when it was not submitted. */
export async function adoptElsewhere(launch: QueuedLaunch, services: Services, signal: AbortSignal): Promise<boolean> {
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
    },
    (run, journal) => work(run, journal, document, handle),
    services,
    signal,
  );
  return true;
}

async function work(run: Run, journal: Journal, document: RunDocument, handle: Handle): Promise<RunOutcome> {
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
export function remaining(timeoutMs: number | undefined, at: string | undefined, now: Date): number | undefined {
  if (timeoutMs === undefined || at === undefined) return timeoutMs;
  return Math.max(0, timeoutMs - Math.max(0, now.getTime() - Date.parse(at)));
}
