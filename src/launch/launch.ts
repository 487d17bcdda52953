import { LaunchError, messageOf, systemCode } from "../core/errors.ts";
import { redactionOf, redactNothing } from "../core/redaction.ts";
import { newRunId, type RunOutcome } from "../core/run.ts";
import { requireResource } from "../resources/index.ts";
import type { CodeSource, ResolvedSource } from "../sources/source.ts";
import { beside } from "./beside.ts";
import { doneWords, sourceWords } from "./describe.ts";
import { followRun } from "./follow-run.ts";
import { headOf, type Journal, startJournal } from "./journal.ts";
import { imageRecordOf, type ImageRequest, planImage, refuseEnvironment } from "./open-image.ts";
import { openSource, sourceRequestOf } from "./open-source.ts";
import { outcomeOfError } from "./outcome.ts";
import { collectOutputs } from "./outputs.ts";
import {
  commandOf,
  exportSource,
  imageWithoutBuild,
  prepareRun,
  refuseUnusedFields,
  requirementFilesOf,
  resourceFor,
  type RunImage,
} from "./prepare.ts";
import { firstRecord, type RunRecord } from "./record.ts";
import { releaseLive, updateLive } from "./remains.ts";
import { lastLines } from "./run-log.ts";
import { makeRunFolders } from "./run-folders.ts";
import { removeFolder } from "./remove-folder.ts";
import { type LaunchSecrets, launchSecrets } from "./secrets.ts";
import type { LaunchRequest, Run, RunResult, Services } from "./services.ts";

/*
 * The main job, from a spec to a finished run:
 *
 *   source   the code is found and hashed; nothing is written yet
 *   image    the image is found by the hash of its inputs, or built; beside that the store hears of the run and the patch is tried
 *   start    the handle goes into the record and the store, then the resource starts the run
 *   run      its output is followed to the end, or to a timeout, or to a cancel
 *   done     outputs are hashed, and the record and the log's tail are written
 *
 * Whatever happens after the run id is made, the run ends in the store as succeeded, failed or cancelled with a reason, and nothing
 * that was made for it stays behind. What a kill leaves is named in the live file, for `prune` and for the action's post step.
 */

/** Launches a run and follows it to its end. Throws only for a bug, after the run's record was written all the same. */
export async function launch(request: LaunchRequest, services: Services, signal: AbortSignal): Promise<RunResult> {
  const { log, clock, state } = services;
  const created = clock.now();
  const runId = request.spec.run_id ?? newRunId(request.spec.name, created);
  const scratch = state.scratchFolder(runId);
  const run: Run = {
    request,
    services,
    signal,
    runId,
    scratch,
    redact: redactNothing,
    log: undefined,
    left: false,
  };
  const store = await services.store.open();
  const record = firstRecord(request, services, runId, created);
  await makeRunFolders(state, { runId, attempt: 1, scratch, store: store.location, head: headOf(record) });
  const journal = startJournal({
    record,
    store,
    openFallbackStore: services.store.openFallback,
    onFallback: (location) => updateLive(state, runId, { store: location }),
    spareStore: services.store.spare,
    recordFile: state.recordFile(runId),
    log,
    clock,
    redact: () => run.redact,
  });

  for (const warning of request.warnings) journal.warn(warning);

  let outcome: RunOutcome;
  let bug: Error | undefined;
  let detail: readonly string[] = [];
  try {
    outcome = await runPhases(run, journal);
  } catch (error) {
    outcome = outcomeOfError(signal.aborted ? new LaunchError("cancelled", "cancelled", { cause: error }) : error);
    if (error instanceof LaunchError) detail = error.detail.map((line) => run.redact(line));
    else if (!signal.aborted && !isMachineFault(error)) bug = error instanceof Error ? error : new Error(String(error));
  }
  const result = await finish(run, journal, outcome, detail);
  if (bug !== undefined) throw bug;
  return result;
}

/** A full disk and the like can show anywhere; its own words say what to do. */
function isMachineFault(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM"].includes(systemCode(error) ?? "");
}

async function runPhases(run: Run, journal: Journal): Promise<RunOutcome> {
  const { request, services } = run;
  refuseUnusedFields(request);
  requireResource(request.spec.resource);
  refuseEnvironment(request);
  const secrets = await launchSecrets(request, services);
  const values = [secrets.run, secrets.build, services.tokens].flatMap((group) => Object.values(group));
  run.redact = redactionOf(values);
  const source = await sourcePhase(run, journal);
  try {
    const image = await imagePhase(run, journal, source, secrets);
    return await startAndFollow(run, journal, { source, secrets: secrets.run, ...image });
  } finally {
    if (source.kind === "code") await source.dispose();
  }
}

async function sourcePhase(run: Run, journal: Journal): Promise<ResolvedSource> {
  const { request, services, signal, scratch } = run;
  const source = await journal.phase(
    "source",
    request.spec.uri ?? request.spec.docker.docker_image ?? ".",
    () =>
      openSource(sourceRequestOf(request.spec, request.baseDirectory, request.includeUntracked), {
        log: { ...services.log, warning: journal.warn },
        signal,
        scratch,
        tokens: services.tokens,
      }),
    (resolved) => sourceWords(request.spec.name, resolved),
  );
  if (source.kind === "code" && source.patch !== undefined) keepPatch(run, journal, source.patch);
  journal.amend({ source: source.provenance, requirement_files: await requirementFilesOf(source, signal) });
  return source;
}

/** A patch to a public store is for everybody to read: the config must say so. One that holds a secret's value is kept nowhere. */
function keepPatch({ services, request, redact }: Run, journal: Journal, patch: Uint8Array): void {
  const text = Buffer.from(patch).toString();
  if (redact(text) !== text) {
    journal.warn("the changes since the commit hold the value of a secret, so the patch is not kept with the run");
  } else if (!services.store.public || request.config.allow.patches_in_public) {
    journal.keepPatch(patch);
  } else {
    journal.warn(
      "the store is public, so the patch is not written to it; `allow.patches_in_public: true` in the launch config allows it",
    );
  }
}

type Image = {
  readonly image: RunImage;
  readonly command: readonly string[] | undefined;
  /** The code is run as a folder: a process's, or mounted into a base image. */
  readonly needsFolder: boolean;
};

async function imagePhase(run: Run, journal: Journal, source: ResolvedSource, secrets: LaunchSecrets): Promise<Image> {
  const { request, services, signal } = run;
  const unbuilt = imageWithoutBuild(request, source);
  if (source.kind === "image") {
    return { image: unbuilt, command: request.spec.overrides.entry_point, needsFolder: false };
  }
  return journal.phase(
    "image",
    "finding out what the image is made of",
    async () => {
      const plan = await planImage(imageRequest(run, source, secrets), signal);
      // Before minutes are spent on an image that has nothing to run, or may not be run as it is asked.
      const command = await commandOf(request, source, plan, signal);
      if (plan.kind === "none") return { image: unbuilt, command, needsFolder: true, words: `none (${plan.why})` };
      await resourceFor(request, services, { runId: run.runId, image: plan.plan.image });
      journal.amend({ state: "building" });
      const built = await beside(
        (ending) => plan.builder.build(plan.request, plan.plan, ending),
        (ending) => Promise.all([journal.known(), verified(source, ending)]),
        signal,
      );
      journal.amend({ image: imageRecordOf(built) });
      if (!built.reproducible.yes) services.log.debug(`its digest is not reproducible: ${built.reproducible.reason}`);
      const words = built.outcome === "built" ? `built ${built.reference} (${built.summary})` : built.summary;
      return { image: { reference: built.reference, digest: built.digest }, command, needsFolder: false, words };
    },
    ({ words }) => words,
  );
}

/** Nothing is submitted before the patch is known to make what the record says. */
async function verified(source: ResolvedSource, signal: AbortSignal): Promise<void> {
  if (source.kind === "code") await source.verify?.(signal);
}

function imageRequest({ request, services, scratch }: Run, source: CodeSource, secrets: LaunchSecrets): ImageRequest {
  const { spec, config } = request;
  return {
    spec,
    config,
    source,
    scratch,
    log: services.log,
    cacheDirectory: services.state.cache,
    buildSecrets: secrets.build,
  };
}

type Parts = Image & { readonly source: ResolvedSource; readonly secrets: Readonly<Record<string, string>> };

async function startAndFollow(run: Run, journal: Journal, parts: Parts): Promise<RunOutcome> {
  const { request, services, signal, runId } = run;
  const { command } = parts;
  const sourceDirectory = await beside(
    async (ending) => (parts.needsFolder ? exportSource(parts.source, run.scratch, ending) : undefined),
    (ending) => verified(parts.source, ending),
    signal,
  );
  const { resource, run: asked } = await prepareRun(request, services, {
    key: { runId, attempt: 1 },
    source: parts.source,
    command,
    image: parts.image,
    sourceDirectory,
    secrets: parts.secrets,
  });
  const handle = resource.handleFor(asked);
  journal.amend({ state: "starting", handle, env: asked.env, ...(command === undefined ? {} : { command }) });
  await updateLive(services.state, runId, { handle });
  await journal.submitting();
  const words = `${request.spec.resource}  ${run.redact(resource.describe(asked))}`;
  return followRun(run, journal, { resource, asked, handle, words });
}

/** What the store has not heard of, and what is still there, stays written down here for the next sweep. */
async function settleLive({ services, runId, left }: Run, stored: boolean, record: RunRecord): Promise<void> {
  try {
    if (stored && !left) await releaseLive(services.state, runId);
    else await updateLive(services.state, runId, { head: headOf(record) });
  } catch (error) {
    services.log.warning(`${services.state.liveFile(runId)} could not be written: ${messageOf(error)}`);
  }
}

/** Checkpoints of gigabytes take longer to hash than a cancel leaves. */
const cancelledHashingMs = 500;

async function finish(run: Run, journal: Journal, outcome: RunOutcome, detail: readonly string[]): Promise<RunResult> {
  const { services, runId } = run;
  const { state, log, clock } = services;
  const hashing = outcome.state === "cancelled" ? AbortSignal.timeout(cancelledHashingMs) : undefined;
  const outputs = await collectOutputs(state.outputFolder(runId), { ...log, warning: journal.warn }, hashing);
  const logFile = state.logFile(runId);
  const ended = run.log;
  journal.amend({
    state: outcome.state,
    ...(outcome.state === "succeeded" ? {} : { reason: outcome.reason, message: run.redact(outcome.message) }),
    ...(outcome.exitCode === undefined ? {} : { exit_code: outcome.exitCode }),
    finished_at: clock.now().toISOString(),
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
  const ms = Date.parse(record.finished_at ?? record.created_at) - Date.parse(record.created_at);
  log.phase({
    phase: "done",
    status: outcome.state === "succeeded" ? "ended" : "failed",
    detail: doneWords(record, ms),
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
    store: journal.store().location,
  };
}
