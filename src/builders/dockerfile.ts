import { posix } from "node:path";
import { LaunchError } from "../core/errors.ts";
import type { BuildRequest } from "./builder.ts";
import { generateDockerfile } from "./generated-dockerfile.ts";
import { pathInside, scriptOf, type SourceFolder, sourceFolder, subfolder } from "./source-folder.ts";

export type ResolvedDockerfile = {
  /** `overrides.dockerfile`, the file's path from the source's root, or `generated`. */
  readonly origin: string;
  readonly text: string;
  /** From the source's root; undefined when it was generated and is in no folder of the source. */
  readonly file: string | undefined;
  /** Folder of the source that is the build context; "" for its root. */
  readonly context: string;
  /** The entry point as it is called inside the context. */
  readonly entryPoint: readonly string[] | undefined;
  readonly notes: readonly string[];
};

/**
 * Which Dockerfile builds this source. The first that there is:
 *   1. `overrides.dockerfile`, relative to the run's folder, which is the context; one that isn't there is an error
 *   2. `Dockerfile.wandb` beside the entry point's script; the script's folder is the context, and its path in the entry point
 *      is made relative to it (both as W&B Launch does)
 *   3. `Dockerfile` in the run's folder
 *   4. a generated one
 */
export async function resolveDockerfile(request: BuildRequest, signal: AbortSignal): Promise<ResolvedDockerfile> {
  const { source, entryPoint } = request;
  const folder = await sourceFolder(source, source.provenance.subdirectory ?? "", signal);
  if (request.dockerfile !== undefined) {
    const path = pathInside(request.dockerfile);
    const text = path === undefined ? undefined : await folder.read(path);
    if (path === undefined || text === undefined) throw noSuchDockerfile(request.dockerfile, folder);
    return own(folder, { path, text, origin: "overrides.dockerfile", entryPoint });
  }
  const script = scriptOf(folder, entryPoint);
  const beside = subfolder(folder, script === undefined ? "" : posix.dirname(script.path));
  const wandb = await beside.read("Dockerfile.wandb");
  if (wandb !== undefined) {
    const inside = entryPoint?.map((word) => (word === script?.word ? posix.basename(script.path) : word));
    return own(beside, { path: "Dockerfile.wandb", text: wandb, entryPoint: inside });
  }
  const text = await folder.read("Dockerfile");
  if (text !== undefined) return own(folder, { path: "Dockerfile", text, entryPoint });
  const { userId, baseImage } = request;
  const generated = await generateDockerfile({ folder, entryPoint, userId, baseImage });
  return { origin: "generated", file: undefined, context: folder.path, entryPoint, ...generated };
}

/** Where it is in its folder, and what it says. */
type OwnDockerfile = Pick<ResolvedDockerfile, "text" | "entryPoint"> & {
  readonly path: string;
  readonly origin?: string;
};

function own(folder: SourceFolder, { path, ...rest }: OwnDockerfile): ResolvedDockerfile {
  const file = posix.join(folder.path, path);
  return { origin: file, file, context: folder.path, notes: [], ...rest };
}

function noSuchDockerfile(written: string, folder: SourceFolder): LaunchError {
  const where = folder.path === "" ? "the source's root" : `the source's folder "${folder.path}"`;
  return new LaunchError("bad-spec", `overrides.dockerfile: there is no file "${written}" in ${where}`);
}
