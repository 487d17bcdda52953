import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { shortInstruction } from "../../clients/docker/build-progress.ts";
import { buildImage, type BuildMetadata, type ImageBuildResult } from "../../clients/docker/build.ts";
import { type BuilderInfo, canRewrite } from "../../clients/docker/buildx.ts";
import {
  type LocalImage,
  localImage,
  remoteManifest,
  runnableReference,
  taggedImage,
} from "../../clients/docker/image.ts";
import { withLogin } from "../../clients/docker/login.ts";
import { parseDuration } from "../../core/duration.ts";
import { LaunchError } from "../../core/errors.ts";
import { redactionOf } from "../../core/output/redaction.ts";
import { named, ours, quoted, say } from "../../core/output/said.ts";
import type { BuildPlan, BuildRequest, BuiltImage } from "../builder.ts";
import { resolveDockerfile } from "../dockerfile.ts";
import { baseMemoryKey, pinOptions } from "./bases.ts";
import { repositoryOf } from "./plan.ts";
import { mediaTypesOf } from "./schema.ts";
import { builderMemoryKey, type DockerSession, loginTo, secretValues } from "./session.ts";
import { buildWords } from "./build-words.ts";

type Found = { readonly reference: string; readonly digest: string };
type Environment = Readonly<Record<string, string>>;

type Planned = { readonly request: BuildRequest; readonly plan: BuildPlan };

/** Finds the planned image where it is kept, or builds it. */
export async function buildPlanned(
  session: DockerSession,
  { request, plan }: Planned,
  signal: AbortSignal,
): Promise<BuiltImage> {
  const builder = await session.builder(signal);
  let failed: FailedBuild | undefined;
  // A failed instruction would fail again, after as long; it is what comes before and after that is pulled and pushed.
  const mayBeLogin = (): boolean => failed?.ofInstruction === false;
  return withLogin({ ...loginTo(request), mayBeLogin }, signal, async (env) => {
    const found = await existing(session, { request, plan, env }, signal);
    if (found !== undefined) {
      const reproducible = reproducibility(builder, plan);
      return { ...found, plan, outcome: "unchanged", reproducible, words: "unchanged, not built" };
    }
    const folder = await mkdtemp(join(request.scratch, "build-"));
    try {
      const build = { request, plan, builder, env, folder };
      const result = await runBuild(session, build, signal);
      failed = result.kind === "failed" ? result : undefined;
      return await concluded(session, { ...build, result }, signal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** The image of these very inputs, when it was built before. */
async function existing(
  session: DockerSession,
  { request, plan, env }: Planned & { readonly env: Environment },
  signal: AbortSignal,
): Promise<Found | undefined> {
  const repository = repositoryOf(request);
  if (request.registry === undefined) {
    const local = await taggedImage(plan.image, { signal, env });
    return local === undefined ? undefined : runnableReference(local, repository);
  }
  const remote = await remoteManifest(await session.tool(signal), plan.image, { signal, env });
  if (remote.kind === "found") return { reference: `${repository}@${remote.digest}`, digest: remote.digest };
  session.context.log.debug(say`${named(plan.image)} is not in its registry: ${remote.message}`);
  return undefined;
}

type NewBuild = Planned & {
  readonly builder: BuilderInfo;
  readonly env: Environment;
  /** For the context and buildx's metadata; removed after the build. */
  readonly folder: string;
};

type DoneBuild = NewBuild & { readonly result: ImageBuildResult };

/** What a build came to; throws what it failed with. */
async function concluded(session: DockerSession, build: DoneBuild, signal: AbortSignal): Promise<BuiltImage> {
  const { plan, builder, result } = build;
  if (result.kind === "failed") {
    const memory = await session.memory();
    const keys = [
      builderMemoryKey,
      ...plan.bases.map(({ reference }) => baseMemoryKey(reference, session.config.platform)),
    ];
    await Promise.all(keys.map((key) => memory.forget(key)));
    throw buildFailed(plan, result, redactionOf(Object.values(secretValues(session))));
  }
  const found = await builtReference(build, result.metadata, signal);
  session.context.log.debug(say`built by the builder "${named(builder.name)}" (${ours(builder.driver)})`);
  return {
    ...found,
    plan,
    outcome: "built",
    reproducible: reproducibility(builder, plan),
    words: buildWords(result.steps),
  };
}

async function runBuild(session: DockerSession, build: NewBuild, signal: AbortSignal): Promise<ImageBuildResult> {
  const { request, plan, folder } = build;
  const tree = join(folder, "context");
  await mkdir(tree);
  // The plan has the Dockerfile's text; only its place decides which .dockerignore counts, so that is looked up again.
  const [tool, dockerfile] = await Promise.all([
    session.tool(signal),
    resolveDockerfile(request, signal),
    request.source.exportTo(tree, signal),
  ]);
  const secrets = secretValues(session);
  return buildImage(tool, {
    context: join(tree, plan.context),
    dockerfile: dockerfile.file === undefined ? { text: plan.dockerfile.text } : { path: join(tree, dockerfile.file) },
    options: [...buildOptions(session, build), ...secretOptions(secrets)],
    metadataFile: join(folder, "metadata.json"),
    env: {
      ...build.env,
      ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [secretVariable(name), value])),
      // From there it would be an argument of each step, and no step of another commit's image would be taken from the cache.
      SOURCE_DATE_EPOCH: undefined,
    },
    doing: `building ${plan.image}`,
    signal,
    timeoutMs: parseDuration(String(session.config.timeout ?? "1h")) ?? 3_600_000,
    redact: redactionOf(Object.values(secrets)),
    onProgress: (detail) => session.context.log.phase({ phase: "image", status: "progress", detail: quoted(detail) }),
  });
}

/** A name of our own in buildx's environment: a secret called PATH or DOCKER_HOST must not change how buildx runs. */
function secretVariable(name: string): string {
  return `LAUNCH_BUILD_SECRET_${name}`;
}

function secretOptions(secrets: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(secrets).flatMap((name) => ["--secret", `id=${name},env=${secretVariable(name)}`]);
}

/**
 * How BuildKit puts an image together: as since 0.15. It is asked for so that a newer one's way gives no other digest; one that doesn't know
 * the word takes no notice of it (https://github.com/moby/buildkit/blob/master/docs/build-repro.md#compatibility-version).
 */
const assembly = 20;

function buildOptions(session: DockerSession, build: NewBuild): readonly string[] {
  const { config, context } = session;
  const { request, plan, builder } = build;
  const network = context.network === false ? "none" : config.network;
  const kind = request.registry === undefined ? "type=docker" : "type=image,push=true";
  const epoch = `source-date-epoch=${request.source.provenance.commit_time}`;
  const mediaTypes = `oci-mediatypes=${mediaTypesOf(config) === "oci"}`;
  const output = [
    ...[kind, `name=${plan.image}`, epoch, mediaTypes, `compatibility-version=${assembly}`],
    ...(canRewrite(builder) ? ["rewrite-timestamp=true"] : []),
  ];
  return [
    "--provenance=false",
    "--sbom=false",
    ...["--platform", plan.platform],
    ...["--output", output.join(",")],
    ...pinOptions(plan.bases),
    ...(network === undefined ? [] : ["--network", network]),
    ...(network === "host" ? ["--allow", "network.host"] : []),
    ...(config.pull === true ? ["--pull"] : []),
    ...(config["no-cache"] === true ? ["--no-cache"] : []),
    ...Object.entries(plan.buildArguments).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...(config["cache-from"] ?? []).flatMap((cache) => ["--cache-from", cache]),
    ...(config["cache-to"] ?? []).flatMap((cache) => ["--cache-to", cache]),
  ];
}

/** How the built image is run by its digest. */
async function builtReference(build: NewBuild, metadata: BuildMetadata, signal: AbortSignal): Promise<Found> {
  const { request, plan, builder, env } = build;
  const repository = repositoryOf(request);
  const digest = metadata["containerimage.digest"];
  if (request.registry !== undefined) {
    if (digest !== undefined) return { reference: `${repository}@${digest}`, digest };
    throw new LaunchError("build-failed", `building ${plan.image}: the builder pushed it and didn't say its digest`);
  }
  // The engine's own builder names what it keeps. What another one made gets its name when the engine loads it.
  if (builder.driver === "docker" && digest !== undefined && metadata["containerimage.descriptor"] !== undefined) {
    return { reference: `${repository}@${digest}`, digest };
  }
  const local: LocalImage | undefined = await localImage(plan.image, { signal, env });
  if (local !== undefined) return runnableReference(local, repository);
  throw new LaunchError("build-failed", `building ${plan.image}: it was built, and the engine doesn't have it`);
}

function reproducibility(builder: BuilderInfo, plan: BuildPlan): BuiltImage["reproducible"] {
  if (!canRewrite(builder)) {
    return {
      yes: false,
      reason: "the engine's own builder can't set file times; use a BuildKit builder (setup-buildx)",
    };
  }
  const unpinned = plan.bases.find(({ digest, note }) => digest === undefined || note !== undefined);
  if (unpinned !== undefined) return { yes: false, reason: `the base image "${unpinned.reference}" has no digest` };
  return { yes: true };
}

type FailedBuild = Extract<ImageBuildResult, { kind: "failed" }>;

function buildFailed(plan: BuildPlan, failed: FailedBuild, redact: (text: string) => string): LaunchError {
  const where = plan.dockerfile.origin === "generated" ? "the generated Dockerfile" : plan.dockerfile.origin;
  const step = failed.step === "" ? "" : ` at ${shortInstruction(failed.step, 240)}`;
  // BuildKit repeats the whole command before its exit code.
  const error = failed.error.replace(/^process ".*" did not complete successfully: /s, "");
  return new LaunchError("build-failed", redact(`the build of ${where} failed${step}: ${error}`), {
    detail: [...failed.excerpt, ...failed.output].map(redact),
  });
}
