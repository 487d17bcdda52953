import { z } from "zod";
import { docker, dockerOrThrow } from "./docker.ts";

const inspectSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Size: z.number(),
  }),
);

/** An image of the local engine, with every name that it goes by. */
export type NamedImage = {
  readonly id: string;
  readonly tags: readonly string[];
  /** `repository@sha256:…`. */
  readonly digests: readonly string[];
  /** Layers that it shares with others included. */
  readonly bytes: number;
};

/** The image that a reference means; undefined when the engine has none. Throws when the engine can't be asked. */
export async function namedImage(reference: string, signal: AbortSignal): Promise<NamedImage | undefined> {
  const doing = `looking at the image ${reference}`;
  const { exitCode, stdout } = await docker({ args: ["image", "inspect", reference], doing, signal });
  if (exitCode === 0) {
    const [image] = inspectSchema.parse(JSON.parse(stdout.toString()));
    if (image !== undefined) {
      return { id: image.Id, tags: image.RepoTags ?? [], digests: image.RepoDigests ?? [], bytes: image.Size };
    }
  }
  // An engine that can't be reached fails as well.
  await dockerOrThrow({ args: ["version", "--format", "{{.Server.Version}}"], doing, signal }, "tool-missing");
  return undefined;
}

/** Whether a container, running or ended, is of this image, or of one that was made from it. */
export async function isImageInUse(id: string, signal: AbortSignal): Promise<boolean> {
  const args = ["container", "ls", "--all", "--quiet", "--no-trunc", "--filter", `ancestor=${id}`];
  const said = await dockerOrThrow(
    { args, doing: `looking for containers of the image ${id}`, signal },
    "tool-missing",
  );
  return said.toString().trim() !== "";
}

/** Takes a name away from an image, and the image with its last name. Never by force; false when the engine won't. */
export async function removeImageName(name: string, signal: AbortSignal): Promise<boolean> {
  const { exitCode } = await docker({ args: ["image", "rm", name], doing: `removing the image ${name}`, signal });
  return exitCode === 0;
}
