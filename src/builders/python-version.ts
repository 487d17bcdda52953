import { LaunchError } from "../core/errors.ts";
import { pinFiles, pinnedPython } from "../python/pinned-python.ts";
import { readPyproject } from "../python/pyproject.ts";
import { clausesOf, fits, illegalClause } from "../python/version-range.ts";
import type { SourceFolder } from "./source-folder.ts";

export const defaultPython = "3.12";

/**
 * Versions a `requires-python` may choose from, best first: the default while it is allowed, because most packages have
 * wheels for it; else the nearest one that is, newer before older.
 */
const choices = [12, 13, 11, 14, 10, 15, 9, 8] as const;

/** The oldest whose slim image is on a Debian release that still gets security updates. */
const oldest = 8;

export type PythonVersion = { readonly version: string; readonly from: string };

/** The Python version (`3.12`) of a folder: `.python-version`, then `runtime.txt`, then `requires-python`, then the default. */
export async function pythonVersion(folder: SourceFolder): Promise<PythonVersion> {
  for (const file of pinFiles) {
    const text = await folder.read(file);
    if (text !== undefined) return { version: exactVersion(pinnedPython(text) ?? "", file), from: file };
  }
  const project = await folder.read("pyproject.toml");
  const required = project === undefined ? undefined : readPyproject(project).requiresPython;
  if (required === undefined) return { version: defaultPython, from: "the default" };
  return { version: requiredVersion(required), from: `requires-python ${required}` };
}

/** `3.11`, `3.11.4`, `python-3.11.4`, `cpython-3.11`: its minor version. */
function exactVersion(written: string, file: string): string {
  const minor = /^(?:c?python-?|@)?3\.(\d{1,2})(?:\.\d+)?(?:-.*)?$/i.exec(written)?.[1];
  if (minor === undefined) {
    throw new LaunchError(
      "build-failed",
      `${file}: "${written}" is not a Python version that an image can be chosen for; write one like 3.12, or add a Dockerfile`,
    );
  }
  return supported(Number(minor), file);
}

function supported(minor: number, from: string): string {
  if (minor < oldest) {
    throw new LaunchError(
      "build-failed",
      `${from}: Python 3.${minor} only has images on a Debian release without security updates; use 3.${oldest} or newer, or add a Dockerfile`,
    );
  }
  return `3.${minor}`;
}

/** The best version that a PEP 440 specifier allows. */
export function requiredVersion(specifier: string): string {
  const illegal = illegalClause(specifier);
  if (illegal !== undefined) {
    throw new LaunchError("build-failed", `pyproject.toml: requires-python has a clause that is none: "${illegal}"`);
  }
  // An image has the newest patch release of its minor version, which one exact release is near enough to.
  const clauses = clausesOf(specifier).map((clause) => clause.replace(/^={2,3}\s*v?(\d+(?:\.\d+)?)\b.*$/, "==$1.*"));
  const minor = choices.find((choice) => fits(`3.${choice}.${newestPatch}`, clauses.join(",")) === true);
  if (minor === undefined) {
    throw new LaunchError(
      "build-failed",
      `pyproject.toml: no Python from 3.${oldest} to 3.${Math.max(...choices)} satisfies requires-python "${specifier}"; change it, or add a Dockerfile`,
    );
  }
  return `3.${minor}`;
}

/** Stands for the newest of all. */
const newestPatch = 99;
