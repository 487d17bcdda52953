import { z } from "zod";
import { LaunchError } from "../../core/errors.ts";
import { type Buildx, buildx } from "./buildx.ts";
import { docker, type DockerRequest } from "./docker.ts";

export type LocalImage = {
  /** `sha256:…`; the manifest's digest in an engine with containerd's store, the config's digest in an older one. */
  readonly id: string;
  /** `repository@sha256:…`, for images that have a manifest digest here. */
  readonly repoDigests: readonly string[];
};

const inspectSchema = z.object({ Id: z.string(), RepoDigests: z.array(z.string()).nullish() });

type Context = { readonly signal: AbortSignal; readonly env?: DockerRequest["env"] };

function requestOf(context: Context): Pick<DockerRequest, "signal" | "env"> {
  return context.env === undefined ? { signal: context.signal } : { signal: context.signal, env: context.env };
}

/** An image of the local engine, or undefined when it has none by this reference. Throws `tool-missing` when the engine can't be asked. */
export async function localImage(reference: string, context: Context): Promise<LocalImage | undefined> {
  const doing = `looking for the image ${reference} in the local engine`;
  const args = ["image", "inspect", "--format", "json", reference];
  const result = await docker({ args, doing, ...requestOf(context) });
  const found = z.array(inspectSchema).safeParse(jsonOf(result.stdout.toString()));
  const image = found.success ? found.data[0] : undefined;
  if (image !== undefined) return { id: image.Id, repoDigests: image.RepoDigests ?? [] };
  // An error may be an image that isn't there or a daemon that can't be reached: `image ls` says "none" by an empty answer.
  const listed = await docker({ args: ["image", "ls", "--quiet", reference], doing, ...requestOf(context) });
  if (listed.exitCode === 0) return undefined;
  throw notAnswering(doing, listed.stderr);
}

const listedSchema = z.object({ ID: z.string(), Digest: z.string() });

/**
 * As `localImage`, for a name of our own making (`launch/NAME:TAG`): the listing says by one call that there is none, too. A name
 * that others wrote may be spelt in ways that it doesn't match.
 */
export async function taggedImage(reference: string, context: Context): Promise<LocalImage | undefined> {
  const listing = ["image", "ls", "--no-trunc", "--digests", "--format", "{{json .}}", reference];
  const doing = `looking for the image ${reference} in the local engine`;
  const { exitCode, stdout, stderr } = await docker({ args: listing, doing, ...requestOf(context) });
  if (exitCode !== 0) throw notAnswering(doing, stderr);
  const [line = ""] = stdout.toString().split("\n");
  const found = listedSchema.safeParse(jsonOf(line)).data;
  if (found === undefined) return undefined;
  const repository = reference.slice(0, reference.lastIndexOf(":"));
  const repoDigests = found.Digest.startsWith("sha256:") ? [`${repository}@${found.Digest}`] : [];
  return { id: found.ID, repoDigests };
}

function notAnswering(doing: string, stderr: string): LaunchError {
  return new LaunchError("tool-missing", `${doing}: ${stderr.trim()}; is Docker running (docker info)?`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How the local engine runs exactly this image: by its repository and digest where it can, else by its id. */
export function runnableReference(image: LocalImage, repository: string): { reference: string; digest: string } {
  const reference = image.repoDigests.find((each) => each.startsWith(`${repository}@`));
  const digest = reference?.slice(repository.length + 1);
  return reference === undefined || digest === undefined
    ? { reference: image.id, digest: image.id }
    : { reference, digest };
}

export type RemoteManifest =
  { readonly kind: "found"; readonly digest: string } | { readonly kind: "missing"; readonly message: string };

/**
 * The digest that a registry has for a reference, by Docker's own logins. Whatever is not a digest counts as missing:
 * the caller builds then, and the push says what is wrong with the registry.
 */
export async function remoteManifest(tool: Buildx, reference: string, context: Context): Promise<RemoteManifest> {
  const result = await buildx(tool, {
    args: ["imagetools", "inspect", "--format", "{{json .Manifest.Digest}}", reference],
    doing: `looking for the image ${reference} in its registry`,
    ...requestOf(context),
  });
  const digest = /^"(sha256:[0-9a-f]{64})"$/.exec(result.stdout.toString().trim())?.[1];
  return digest === undefined || result.exitCode !== 0
    ? { kind: "missing", message: result.stderr.trim().replace(/^ERROR: /, "") }
    : { kind: "found", digest };
}
