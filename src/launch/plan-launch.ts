import { quoted } from "../core/output/said.ts";
import { mkdir, rm } from "node:fs/promises";
import { nameOfAttempt } from "../run/handle.ts";
import { runKeyOf } from "../run/names/identity.ts";
import { newRunId, newRunNonce } from "../run/run-id.ts";
import type { Provenance } from "../run/provenance.ts";
import type { ResolvedSource } from "../sources/source.ts";
import { type ImagePlan, openEnvironment, planImage, refuseEnvironment } from "./open-image.ts";
import { makeOwn } from "../machine/own-folder.ts";
import { openSource } from "../sources/index.ts";
import { sourceOf } from "./source-request.ts";
import { commandOf, imageWithoutBuild, prepareRun, refuseOutputs } from "./prepare.ts";
import { launchSecrets } from "./secrets.ts";
import type { LaunchRequest, Services } from "./services.ts";

/** What a launch would do, for `--dry-run`: nothing was built, started or written. */
export type LaunchPlan = {
  readonly schema_version: 1;
  readonly source: Provenance;
  readonly image:
    | { readonly kind: "none" | "given"; readonly reference?: string; readonly why: string }
    | {
        readonly kind: "build";
        readonly name: string;
        readonly input_hash: string;
        readonly dockerfile: { readonly origin: string; readonly text: string };
        readonly context: string;
        readonly bases: readonly { readonly reference: string; readonly digest?: string | undefined }[];
        readonly platform: string;
        readonly build_arguments: Readonly<Record<string, string>>;
      };
  readonly resource: string;
  /** What the resource would run: a command line or a manifest, without secrets' values. */
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly timeout_ms?: number;
};

/** Goes through a launch as far as nothing is changed. Throws what the launch would end with. */
export async function planLaunch(request: LaunchRequest, services: Services, signal: AbortSignal): Promise<LaunchPlan> {
  const { spec, config } = request;
  refuseOutputs(request);
  services.resources.require(spec.resource);
  refuseEnvironment(request, services);
  const { log, tokens, state } = services;
  for (const warning of request.warnings) log.warning(quoted(warning));
  const secrets = await launchSecrets(request, services);
  const runId = spec.run_id ?? newRunId(spec.name, services.clock.now());
  const key = runKeyOf({ run_id: runId, attempt: 1, nonce: newRunNonce() }, "");
  const scratch = state.scratchFolder(nameOfAttempt(key));
  await makeOwn(state);
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  let source: ResolvedSource | undefined;
  try {
    const context = { log, signal, scratch, tokens };
    source = await openSource(await sourceOf(request), context);
    if (source.kind === "code") await source.verify?.(signal);
    const images = {
      ...{ spec, config, scratch, log, cacheDirectory: state.cache, buildSecrets: secrets.build },
      cloudEnvironment: await openEnvironment(request, services),
      clock: services.clock,
    };
    const plan = source.kind === "code" ? await planImage({ ...images, source }, signal) : undefined;
    const built = plan?.kind === "build" ? { reference: plan.plan.image, digest: undefined } : undefined;
    const { resource, run } = await prepareRun(request, services, {
      key,
      source,
      command: await commandOf(request, { source, plan }, signal),
      image: built ?? imageWithoutBuild(request, source),
      sourceDirectory: plan?.kind === "none" ? `${scratch}/source` : undefined,
      secrets: secrets.run,
    });
    return {
      schema_version: 1,
      source: source.provenance,
      image: imageWords(plan, imageWithoutBuild(request, source)?.reference),
      resource: spec.resource,
      run: resource.describe(run),
      env: run.env,
      secrets: Object.keys(secrets.run),
      ...(spec.timeout === undefined ? {} : { timeout_ms: spec.timeout }),
    };
  } finally {
    if (source?.kind === "code") await source.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

function imageWords(plan: ImagePlan | undefined, reference: string | undefined): LaunchPlan["image"] {
  const named = reference === undefined ? {} : { reference };
  if (plan === undefined) return { kind: "given", ...named, why: "the source is an image" };
  if (plan.kind === "none") return { kind: "none", ...named, why: plan.why };
  const { image, inputHash, dockerfile, context, bases, platform, buildArguments } = plan.plan;
  return {
    kind: "build",
    name: image,
    input_hash: inputHash,
    dockerfile,
    context,
    bases,
    platform,
    build_arguments: buildArguments,
  };
}
