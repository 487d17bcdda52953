import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LaunchError } from "../core/errors.ts";
import { isInside, openOnTheWay, realPathNow, realPathOf, steadyFolders } from "../core/folders/real-path.ts";

/*
 * A spec may have come with the code that it is of, and its run may send off what it is given: a folder that a spec names stays in the
 * repository that the spec is in, or below the spec's own folder where that is in none, unless the launch config allows it by its path.
 */

/** Of the launch config: the folders that specs may name, and those that runs may write. */
export type AllowedFolders = { readonly folders: readonly string[]; readonly byRuns: readonly string[] };

export type SpecFolder = { readonly directory: string; readonly below?: string };

const addIt = "add it to allow.sources of the launch config";

type Bounds = {
  /** The spec's own folder, absolute. */
  readonly baseDirectory: string;
  readonly allowed: AllowedFolders;
};

/** The folder that a spec names, as a name below one whose path is nobody's to change. Throws `refused`. */
export async function specFolder(uri: string, { baseDirectory, allowed }: Bounds): Promise<SpecFolder> {
  const named = resolve(baseDirectory, uri);
  const [base, real] = await Promise.all([realPathOf(baseDirectory), realPathOf(named)]);
  if (base === undefined || real === undefined)
    throw new LaunchError("source-failed", `the source directory ${named} is not there`);
  if (real === base) return { directory: base };
  const allowance = allowedAt(named, allowed);
  if (allowance.kind === "allowed") return { directory: allowance.path };
  const repository = repositoryOf(base);
  const root = repository ?? base;
  const refuse = (why: string): LaunchError =>
    new LaunchError(
      "refused",
      `uri: ${uri} is ${why}, which a spec may not name; ${allowance.why ?? addIt}, or name it yourself (--uri)`,
    );
  if (!isInside(real, root)) throw refuse(`the folder ${real}, outside of ${root}`);
  if (repositoryOf(real) !== repository) throw refuse(`in a repository of its own, ${repositoryOf(real) ?? real}`);
  return { directory: root, below: relative(root, real) };
}

export type Allowance =
  /** The path that is to be used: no run can have it lead elsewhere. */
  | { readonly kind: "allowed"; readonly path: string }
  /** It would be allowed, were there not a folder on the way to it in which runs may write: why, as the end of a sentence. */
  | { readonly kind: "refused"; readonly why?: string };

/** Whether a URL is none of this machine's, or of a folder that is allowed. */
export function allowedUrl(url: string, allowed: AllowedFolders): Allowance {
  const plain = url.replace(/^git\+/i, "");
  if (!/^file:/i.test(plain)) return { kind: "allowed", path: url };
  const path = pathOfUrl(plain);
  return path === undefined ? { kind: "refused" } : allowedAt(path, allowed);
}

/** Undefined where it is of another host, or a name in it has a slash. */
function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(new URL(url));
  } catch {
    return undefined;
  }
}

/**
 * Whether a path is an allowed folder's, or below one, wherever links lead. What is looked up in a folder where runs may write is what they
 * make of it: neither an allowed folder nor one below it counts that is found so.
 */
export function allowedAt(path: string, { folders, byRuns }: AllowedFolders): Allowance {
  const real = isAbsolute(path) ? realPathNow(path) : undefined;
  if (real === undefined) return { kind: "refused" };
  const open = openOnTheWay(path, byRuns);
  const steady = steadyFolders(
    folders.map((folder) => ({ path: folder })),
    byRuns,
  );
  if (open === undefined && steady.some((folder) => isInside(real, folder.real)))
    return { kind: "allowed", path: real };
  const meant = folders.find((folder) => isInside(real, realPathNow(folder) ?? folder));
  const through = meant === undefined ? undefined : (open ?? openOnTheWay(meant, byRuns));
  return through === undefined ? { kind: "refused" } : { kind: "refused", why: openWords(through) };
}

function openWords(folder: string): string {
  return `on the way to it is ${folder}, which runs may write (allow.mounts), so one of them could put another folder in its place; keep the code where no run may write`;
}

/** The nearest folder with a `.git`. */
function repositoryOf(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return undefined;
  }
}
