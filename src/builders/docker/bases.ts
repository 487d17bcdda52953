import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { buildImage } from "../../clients/docker/build.ts";
import type { Buildx } from "../../clients/docker/buildx.ts";
import { localImage } from "../../clients/docker/image.ts";
import { LaunchError } from "../../core/errors.ts";
import { parseImageReference } from "../../core/image-reference.ts";
import type { BaseImage } from "../builder.ts";
import type { Memory } from "./memory.ts";

export type BaseRequest = {
  readonly tool: Buildx;
  readonly memory: Memory;
  readonly env: Readonly<Record<string, string>>;
  /** Only when the config names one: the builder's own needs no word. */
  readonly platform: string | undefined;
  /** Asks registries also for what is known here. */
  readonly pull: boolean;
  readonly scratch: string;
  readonly signal: AbortSignal;
};

const resolveTimeoutMs = 2 * 60_000;

export function baseMemoryKey(reference: string, platform: string | undefined): string {
  return `base ${reference} ${platform ?? "default"}`;
}

/**
 * The digests of base images as the builder itself sees them: with its mirrors, its logins and, for the engine's own
 * builder, the images that the engine already has. It is asked by a build of `FROM reference` that makes nothing.
 */
export function resolveBases(references: readonly string[], request: BaseRequest): Promise<readonly BaseImage[]> {
  return Promise.all(references.map((reference) => resolveBase(reference, request)));
}

async function resolveBase(reference: string, request: BaseRequest): Promise<BaseImage> {
  const parsed = parseImageReference(reference);
  if (parsed === undefined) {
    return { reference, digest: undefined, note: "not an image reference that can be looked up" };
  }
  if (parsed.digest !== undefined) return { reference, digest: parsed.digest };
  const key = baseMemoryKey(reference, request.platform);
  const known = request.pull ? undefined : await request.memory.get(key, z.string());
  if (known !== undefined) return { reference, digest: known };
  const answer = await askBuilder(reference, request);
  if ("digest" in answer) {
    await request.memory.set(key, answer.digest);
    return { reference, digest: answer.digest };
  }
  const local = await localImage(reference, { signal: request.signal, env: request.env });
  if (local !== undefined) {
    return { reference, digest: local.id, note: `the engine's own image, its registry was not asked: ${answer.error}` };
  }
  throw new LaunchError("build-failed", `base image "${reference}" was not found: ${answer.error}`);
}

async function askBuilder(
  reference: string,
  request: BaseRequest,
): Promise<{ readonly digest: string } | { readonly error: string }> {
  const folder = await mkdtemp(join(request.scratch, "base-"));
  const platform = request.platform === undefined ? [] : ["--platform", request.platform];
  try {
    const result = await buildImage(request.tool, {
      context: undefined,
      dockerfile: { text: `FROM ${reference}\n` },
      options: ["--output=type=cacheonly", ...platform, ...(request.pull ? ["--pull"] : [])],
      metadataFile: join(folder, "metadata.json"),
      env: { ...request.env, BUILDX_METADATA_PROVENANCE: "min" },
      doing: `looking up the base image ${reference}`,
      signal: request.signal,
      timeoutMs: resolveTimeoutMs,
      onProgress: () => undefined,
    });
    if (result.kind === "failed") return { error: result.error };
    const sha256 = result.metadata["buildx.build.provenance"]?.materials?.[0]?.digest.sha256;
    return sha256 === undefined ? { error: "the builder doesn't say its digest" } : { digest: `sha256:${sha256}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Options that hold the build to these digests, whatever their tags say by then. */
export function pinOptions(bases: readonly BaseImage[]): readonly string[] {
  return bases.flatMap(({ reference, digest, note }) => {
    // A digest with a note is not one that the builder can fetch; one in the reference needs no pin.
    if (digest === undefined || note !== undefined || reference.includes("@")) return [];
    return ["--build-context", `${reference}=docker-image://${reference}@${digest}`];
  });
}
