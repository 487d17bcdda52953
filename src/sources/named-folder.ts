import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LaunchError } from "../core/errors.ts";
import { isInside, realPathOf } from "../core/folders/real-path.ts";

/*
 * A spec may have come with the code that it is of, and its run may send off what it is given: a folder that a spec names stays in the
 * repository that the spec is in, or below the spec's own folder where that is in none, unless the launch config allows it by its path.
 */

export type SpecFolder = { readonly directory: string; readonly below?: string };

type Bounds = {
  /** The spec's own folder, absolute. */
  readonly baseDirectory: string;
  readonly allowed: readonly string[];
};

/** The folder that a spec names, as a name below one whose path is nobody's to change. Throws `refused`. */
export async function specFolder(uri: string, { baseDirectory, allowed }: Bounds): Promise<SpecFolder> {
  const named = resolve(baseDirectory, uri);
  const [base, real] = await Promise.all([realPathOf(baseDirectory), realPathOf(named)]);
  if (base === undefined || real === undefined)
    throw new LaunchError("source-failed", `the source directory ${named} is not there`);
  if (real === base) return { directory: base };
  if (await isBelowAny(real, allowed)) return { directory: real };
  const repository = repositoryOf(base);
  const root = repository ?? base;
  const refuse = (why: string): LaunchError =>
    new LaunchError(
      "refused",
      `uri: ${uri} is ${why}, which a spec may not name; add it to allow.sources of the launch config, or name it yourself (--uri)`,
    );
  if (!isInside(real, root)) throw refuse(`the folder ${real}, outside of ${root}`);
  if (repositoryOf(real) !== repository) throw refuse(`in a repository of its own, ${repositoryOf(real) ?? real}`);
  return { directory: root, below: relative(root, real) };
}

/** Whether a URL is none of this machine's, or of a folder that is allowed. */
export async function isAllowedUrl(url: string, allowed: readonly string[]): Promise<boolean> {
  const plain = url.replace(/^git\+/i, "");
  if (!/^file:/i.test(plain)) return true;
  return URL.canParse(plain) && isAllowedPath(fileURLToPath(new URL(plain)), allowed);
}

/** Whether a path is an allowed folder's, or below one, wherever links lead. */
export async function isAllowedPath(path: string, allowed: readonly string[]): Promise<boolean> {
  const real = await realPathOf(path);
  return real !== undefined && isBelowAny(real, allowed);
}

async function isBelowAny(real: string, folders: readonly string[]): Promise<boolean> {
  const reals = await Promise.all(folders.map(realPathOf));
  return reals.some((folder) => folder !== undefined && isInside(real, folder));
}

/** The nearest folder with a `.git`. */
function repositoryOf(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}
