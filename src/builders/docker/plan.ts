import { posix } from "node:path";
import { type BuilderInfo, canRewrite } from "../../clients/docker/buildx.ts";
import { withLogin } from "../../clients/docker/login.ts";
import { LaunchError } from "../../core/errors.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import { say } from "../../core/output/said.ts";
import type { BaseImage, BuildPlan, BuildRequest } from "../builder.ts";
import { refuseNetwork } from "../build-network.ts";
import { resolveDockerfile } from "../dockerfile.ts";
import { fromImages } from "../from-images.ts";
import { contextContent, inputHash, inputTag } from "../input-hash.ts";
import { resolveBases } from "./bases.ts";
import { mediaTypesOf } from "./schema.ts";
import { type DockerSession, loginTo } from "./session.ts";

/** Reads what the build depends on. Leaves nothing: the builder is asked for base images' digests and makes nothing. */
export async function planBuild(
  session: DockerSession,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<BuildPlan> {
  const { config, context } = session;
  const [dockerfile, tool, memory] = await Promise.all([
    resolveDockerfile(request, signal),
    session.tool(signal),
    session.memory(),
  ]);
  if (context.network === false) refuseNetwork(dockerfile.text, dockerfile.origin);
  for (const note of dockerfile.notes) context.log.info(say`Dockerfile: ${note}`);
  const buildArguments = config["build-args"] ?? {};
  const lookUp = async (builder: BuilderInfo | undefined): Promise<readonly BaseImage[]> => {
    const platform = config.platform ?? (builder === undefined ? undefined : platformOf(builder));
    const references = fromImages(dockerfile.text, buildArguments, platform ?? "");
    const pull = config.pull ?? false;
    return withLogin({ ...loginTo(request), mayBeLogin: () => false }, signal, (env) =>
      resolveBases(references, { tool, memory, env, platform, pull, scratch: request.scratch, signal }),
    );
  };
  // What is built for is only known from the builder, and rarely changes which images those are: ask for both at once.
  const dependsOnPlatform = config.platform === undefined && /\bTARGET(?:PLATFORM|OS|ARCH)\b/.test(dockerfile.text);
  const builderFound = session.builder(signal);
  const [builder, bases] = await Promise.all([
    builderFound,
    dependsOnPlatform ? builderFound.then(lookUp) : lookUp(undefined),
  ]);
  const platform = config.platform ?? platformOf(builder);
  const hash = inputHash({
    content: contextContent(request.source, dockerfile.context),
    dockerfile: dockerfile.file === undefined ? null : posix.relative(dockerfile.context, dockerfile.file),
    text: dockerfile.text,
    bases,
    platform,
    buildArguments,
    secrets: config.secrets ?? [],
    fileTimes: canRewrite(builder) ? "commit" : "build",
    mediaTypes: mediaTypesOf(config),
  });
  return {
    dockerfile: { origin: dockerfile.origin, text: dockerfile.text },
    context: dockerfile.context,
    entryPoint: dockerfile.entryPoint,
    bases,
    platform,
    buildArguments,
    inputHash: hash,
    image: `${repositoryOf(request)}:${inputTag(hash)}`,
  };
}

function platformOf(builder: BuilderInfo): string {
  // Variants (linux/arm64/v8) name the same images as without.
  const [os, architecture] = (builder.platform ?? "").split("/");
  if (os !== undefined && architecture !== undefined) return `${os}/${architecture}`;
  return process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
}

/** Where the image is kept: the registry's repository, or `launch/NAME` in the local engine. */
export function repositoryOf(request: BuildRequest): string {
  const repository = request.registry?.repositoryFor(request.name) ?? `launch/${request.name}`;
  const parsed = parseImageReference(repository);
  if (parsed?.tag !== undefined || parsed?.digest !== undefined || parsed === undefined) {
    throw new LaunchError("bad-config", `"${repository}" is not a repository that an image can be kept in`);
  }
  return repository;
}
