import { createHash } from "node:crypto";
import type { Builder, BuildPlan, BuildRequest, BuiltImage, ImageNotesPlace } from "../builders/builder.ts";
import { defaultBuilder, openBuilder } from "../builders/index.ts";
import type { Environment } from "../environments/environment.ts";
import { slugOf } from "../run/run-id.ts";
import { openRegistry, openRepository } from "../registries/index.ts";
import type { Registry, RegistryContext } from "../registries/registry.ts";
import { resourceTraits } from "../resources/index.ts";
import type { CodeSource } from "../sources/source.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { LaunchSpec } from "../spec/launch-spec/launch-spec.ts";
import type { Log } from "../core/output/log.ts";
import type { ImageRecord } from "../run/record.ts";
import type { LaunchRequest, Services } from "./services.ts";

/** What will be done for an image: nothing, or a build. */
export type ImagePlan =
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "build"; readonly builder: Builder; readonly request: BuildRequest; readonly plan: BuildPlan };

export type ImageRequest = RegistryContext & {
  readonly spec: LaunchSpec;
  readonly config: LaunchConfig;
  readonly source: CodeSource;
  readonly scratch: string;
  readonly log: Log;
  /** Where builders remember for minutes. */
  readonly cacheDirectory: string;
  /** Absent: what is planned alone is noted nowhere. */
  readonly notes?: ImageNotesPlace;
  /** Values of the secrets that the builder's config names. */
  readonly buildSecrets: Readonly<Record<string, string>>;
};

/** A base image that code is mounted into where nothing is built, as W&B Launch has it. */
export const defaultBaseImage = "python:3.12-slim";

/**
 * Chooses the builder and reads what it would build. Without `builder` in the config, a container's image is built by Docker and
 * a process needs none.
 */
export async function planImage(request: ImageRequest, signal: AbortSignal): Promise<ImagePlan> {
  const { spec, config, source } = request;
  const { needsImage, called } = resourceTraits(spec.resource);
  if (!needsImage) return { kind: "none", why: `${called} needs none` };
  const builderConfig = config.builder ?? defaultBuilder;
  const builder = await openBuilder(builderConfig, {
    log: request.log,
    cloudEnvironment: request.cloudEnvironment,
    cacheDirectory: request.cacheDirectory,
    buildSecrets: request.buildSecrets,
    network: config.allow.build_network,
    ...(request.notes === undefined ? {} : { notes: request.notes }),
  });
  if (builder === "none") {
    return { kind: "none", why: `${builderConfig.type} builder: the code is mounted into a base image` };
  }
  const build: BuildRequest = {
    source,
    name: slugOf(spec.name) || "run",
    entryPoint: spec.overrides.entry_point,
    dockerfile: spec.overrides.dockerfile,
    userId: spec.docker.user_id,
    baseImage: baseImageOf(spec),
    registry: await registryOf(config, request),
    scratch: request.scratch,
  };
  return { kind: "build", builder, request: build, plan: await builder.plan(build, signal) };
}

/** The secrets that the launch config's builder names, by their own names. */
export function buildSecretNames({ builder }: LaunchConfig): Readonly<Record<string, string>> {
  const names = builder !== undefined && "secrets" in builder ? (builder.secrets ?? []) : [];
  return Object.fromEntries(names.map((name) => [name, name]));
}

export function baseImageOf(spec: LaunchSpec): string | undefined {
  return spec.builder.accelerator?.base_image ?? spec.builder.base_image;
}

/** The config's registry; W&B's `builder.destination` names one too. */
async function registryOf(config: LaunchConfig, context: RegistryContext): Promise<Registry | undefined> {
  if (config.registry !== undefined) return openRegistry(config.registry, context);
  const builder = config.builder;
  if (builder === undefined || !("destination" in builder) || builder.destination === undefined) return undefined;
  return openRepository(builder.destination, context);
}

/** Refuses what this version's plug-ins can't do, before anything is fetched or built. */
export function refuseEnvironment(request: LaunchRequest, { environments }: Services): void {
  environments.require(environmentOf(request));
}

/** Opens the environment that gives the launch's credentials: once for all launches of one process that have the same. */
export function openEnvironment(request: LaunchRequest, { environments }: Services): Promise<Environment> {
  return environments.open(environmentOf(request));
}

/** A process has the credentials that its tools find by themselves, whatever the config says of images. */
function environmentOf({ spec, config }: LaunchRequest): LaunchConfig["environment"] {
  return resourceTraits(spec.resource).needsImage ? config.environment : undefined;
}

export function imageRecordOf(built: BuiltImage): ImageRecord {
  const { plan } = built;
  return {
    reference: built.reference,
    digest: built.digest,
    outcome: built.outcome,
    name: plan.image,
    input_hash: plan.inputHash,
    dockerfile: {
      origin: plan.dockerfile.origin,
      sha256: createHash("sha256").update(plan.dockerfile.text).digest("hex"),
    },
    bases: plan.bases.map(({ reference, digest }) => ({ reference, ...(digest === undefined ? {} : { digest }) })),
    platform: plan.platform,
    build_arguments: plan.buildArguments,
    ...(built.reproducible.yes
      ? { reproducible: true }
      : { reproducible: false, not_reproducible_because: built.reproducible.reason }),
  };
}
