import type { BuildRequest, BuiltImage } from "../builders/builder.ts";
import { named, ours, say } from "../core/output/said.ts";
import type { RunRequest } from "../resources/resource.ts";
import type { CodeSource, ResolvedSource } from "../sources/source.ts";
import { sourceWords } from "../reporting/describe.ts";
import { formatBytes } from "../reporting/words.ts";
import { maxPatchBytes } from "../run/bounds.ts";
import type { Attempt } from "./attempt.ts";
import { type Execution, openExecution } from "./execution.ts";
import { imageRecordOf, type ImageRequest, openEnvironment, planImage, refuseEnvironment } from "./open-image.ts";
import { openSource } from "../sources/index.ts";
import { sourceOf } from "./source-request.ts";
import {
  commandOf,
  exportSource,
  imageWithoutBuild,
  prepareRun,
  refuseOutputs,
  refuseQueue,
  requirementFilesOf,
  resourceFor,
  type RunImage,
} from "./prepare.ts";
import type { RunRecord } from "../run/record.ts";
import { started } from "../run/transitions.ts";
import { isElsewhere } from "../machine/elsewhere.ts";
import { updateLive } from "../machine/live-entry.ts";
import { secretInPatch } from "../clients/git/patch-secrets.ts";
import { type LaunchSecrets, launchSecrets, redactionOfSecrets } from "./secrets.ts";

/*
 * The steps of an attempt between its opening and its close, in their order: see launch.ts. Each throws what the attempt fails with.
 */

/** What this version can't do is refused before anything is done. */
export function refuseUnsupported({ request, services, queued }: Attempt): void {
  if (queued === undefined) refuseQueue(request);
  refuseOutputs(request);
  services.resources.require(request.spec.resource);
  refuseEnvironment(request, services);
}

/** The secrets' values; no word of the attempt shows them from here on. */
export async function openSecrets(attempt: Attempt): Promise<LaunchSecrets> {
  const { request, services } = attempt;
  const secrets = await launchSecrets(request, services);
  attempt.redact = redactionOfSecrets(secrets, request, services);
  return secrets;
}

/** The code is found and hashed; nothing is written yet. */
export async function findSource(attempt: Attempt, secrets: LaunchSecrets): Promise<ResolvedSource> {
  const { request, services, signal, scratch, journal, queued } = attempt;
  const source = await journal.phase(
    {
      phase: "source",
      detail: named(request.spec.uri ?? request.spec.docker.docker_image ?? "."),
      ended: (resolved) => sourceWords(request.spec.name, resolved),
    },
    async () =>
      openSource(await sourceOf(request), {
        log: { ...services.log, warning: journal.warn },
        signal,
        scratch,
        tokens: services.tokens,
      }),
  );
  queued?.checkSource(source);
  if (source.kind === "code" && source.patch !== undefined) keepPatch(attempt, source.patch);
  journal.amend({ source: source.provenance, requirement_files: await requirementFilesOf(source, signal) });
  // Fetching it may have made a token.
  attempt.redact = redactionOfSecrets(secrets, request, services);
  return source;
}

/** A patch to a public store is for everybody to read: the config must say so. One that holds a secret's value is kept nowhere. */
function keepPatch({ services, request, redact, queued, journal }: Attempt, patch: Uint8Array): void {
  // A queued run's came from there.
  if (queued !== undefined) return;
  const place = secretInPatch(patch, redact);
  if (place !== undefined) {
    journal.warn(
      say`the changes since the commit hold the value of a secret (${place}), so the patch is not kept with the run`,
    );
  } else if (patch.length > maxPatchBytes) {
    journal.warn(
      say`the changes since the commit make a patch of ${ours(formatBytes(patch.length))}, and at most ${ours(formatBytes(maxPatchBytes))} are kept with a run; commit them and git push, to run it again from the store`,
    );
  } else if (!services.store.public || request.config.allow.patches_in_public) {
    journal.keepPatch(patch);
  } else {
    journal.warn(
      say`the store is public, so the patch is not written to it; \`allow.patches_in_public: true\` in the launch config allows it`,
    );
  }
}

export type Image = {
  readonly image: RunImage;
  readonly command: readonly string[] | undefined;
  /** The code is run as a folder: a process's, or mounted into a base image. */
  readonly needsFolder: boolean;
};

type ImageParts = { readonly source: ResolvedSource; readonly secrets: LaunchSecrets };

/** The image is found by the hash of its inputs, or built. Beside that the store hears of the run, and the patch is tried. */
export async function findImage(attempt: Attempt, { source, secrets }: ImageParts): Promise<Image> {
  const { request, services, signal, journal } = attempt;
  const unbuilt = imageWithoutBuild(request, source);
  if (source.kind === "image") {
    return { image: unbuilt, command: request.spec.overrides.entry_point, needsFolder: false };
  }
  return journal.phase(
    { phase: "image", detail: say`finding out what the image is made of`, ended: ({ words }) => words },
    async () => {
      const plan = await planImage(await imageRequest(attempt, source, secrets), signal);
      // Before minutes are spent on an image that has nothing to run, or may not be run as it is asked.
      const command = await commandOf(request, { source, plan }, signal);
      if (plan.kind === "none")
        return { image: unbuilt, command, needsFolder: true, words: say`none (${ours(plan.why)})` };
      await resourceFor(request, services, { runId: attempt.key.runId, image: plan.plan.image });
      journal.become((record) => started(record, "building", services.clock.now()));
      const built = await beside(
        (ending) => plan.builder.build(plan.request, plan.plan, ending),
        (ending) => Promise.all([journal.known(), verified(source, ending)]),
        signal,
      );
      journal.amend({ image: imageRecordOf(built) });
      if (!built.reproducible.yes)
        services.log.debug(say`its digest is not reproducible: ${named(built.reproducible.reason)}`);
      const words =
        built.outcome === "built" ? say`built ${named(built.reference)} (${ours(built.words)})` : ours(built.words);
      return { image: builtImage(built, plan.request), command, needsFolder: false, words };
    },
  );
}

/** What was pushed to a registry is pulled with its login, where the engine that runs it is not the one that built it. */
function builtImage({ reference, digest }: BuiltImage, { registry, scratch }: BuildRequest): RunImage {
  const pull = registry === undefined ? {} : { pull: { credential: registry.credential.bind(registry), scratch } };
  return { reference, digest, ...pull };
}

/** Nothing is submitted before the patch is known to make what the record says. */
async function verified(source: ResolvedSource, signal: AbortSignal): Promise<void> {
  if (source.kind === "code") await source.verify?.(signal);
}

async function imageRequest(
  { request, services, scratch }: Attempt,
  source: CodeSource,
  secrets: LaunchSecrets,
): Promise<ImageRequest> {
  const { spec, config } = request;
  return {
    spec,
    config,
    source,
    scratch,
    cloudEnvironment: await openEnvironment(request, services),
    clock: services.clock,
    log: services.log,
    cacheDirectory: services.state.cache,
    notes: { images: services.state.images, environment: services.environment, clock: services.clock },
    buildSecrets: secrets.build,
  };
}

/** What the store keeps for who follows a run that is elsewhere, from whatever machine. */
function forWhoFollows(submitted: Date, queued: Attempt["queued"]): Partial<RunRecord> {
  const definition = queued?.definition;
  return {
    submitted_at: submitted.toISOString(),
    ...(definition === undefined ? {} : { queue_definition: definition }),
  };
}

/** An image that was given by its name; what the name meant is known once it has started. */
function givenImage({ image }: RunRequest): Pick<RunRecord, "image"> {
  if (image === undefined || image.digest !== undefined) return {};
  return { image: { reference: image.reference, outcome: "given" } };
}

type Parts = ImageParts & { readonly image: Image };

/** What is to be run, with its handle in the record and the store: then it may be started. */
export async function prepareExecution(attempt: Attempt, { source, secrets, image }: Parts): Promise<Execution> {
  const { request, services, signal, journal, key, scratch, queued } = attempt;
  const { command } = image;
  const sourceDirectory = await beside(
    async (ending) => (image.needsFolder ? exportSource(source, scratch, ending) : undefined),
    (ending) => verified(source, ending),
    signal,
  );
  const { resource, run: asked } = await prepareRun(request, services, {
    ...{ key, queued, source, command, sourceDirectory },
    image: image.image,
    secrets: secrets.run,
  });
  const handle = resource.handleFor(asked);
  const submitted = services.clock.now();
  journal.become((record) => started(record, "starting", submitted));
  journal.amend({
    handle,
    ...(isElsewhere(request.spec.resource) ? forWhoFollows(submitted, queued) : {}),
    env: asked.env,
    ...(command === undefined ? {} : { command }),
    ...givenImage(asked),
  });
  await updateLive(services.state, key, { handle, submittedAt: submitted });
  if (queued !== undefined) await journal.keep();
  await journal.submitting();
  const words = say`${ours(request.spec.resource)}  ${resource.describe(asked)}`;
  return openExecution(attempt, { resource, asked, handle, words, timeoutMs: request.spec.timeout });
}

/**
 * Does one thing and another at once, and waits for the end of both, so that nothing goes on after it. When one of them fails the
 * other is ended, and the failure of the first to fail is thrown.
 */
export async function beside<T>(
  work: (signal: AbortSignal) => Promise<T>,
  other: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<T> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const noting = async <R>(one: (ending: AbortSignal) => Promise<R>): Promise<R> => {
    try {
      return await one(either);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const [working, othering] = [noting(work), noting(other)];
  await Promise.allSettled([working, othering]);
  failed.signal.throwIfAborted();
  return working;
}
