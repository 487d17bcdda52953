import { LaunchError } from "../core/errors.ts";
import type { SourceFolder } from "./source-folder.ts";
import { tomlString } from "./toml.ts";

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
  const [pinned, runtime, project] = await Promise.all([
    folder.read(".python-version"),
    folder.read("runtime.txt"),
    folder.read("pyproject.toml"),
  ]);
  if (pinned !== undefined) return { version: exactVersion(pinned, ".python-version"), from: ".python-version" };
  if (runtime !== undefined) return { version: exactVersion(runtime, "runtime.txt"), from: "runtime.txt" };
  const required = project === undefined ? undefined : tomlString(project, "project", "requires-python");
  if (required === undefined) return { version: defaultPython, from: "the default" };
  return { version: requiredVersion(required), from: `requires-python ${required}` };
}

/** `3.11`, `3.11.4`, `python-3.11.4`, `cpython-3.11`, with comments: its minor version. */
function exactVersion(text: string, file: string): string {
  const line = text
    .split(/\r?\n/)
    .map((each) => each.trim())
    .find((each) => each !== "" && !each.startsWith("#"));
  const minor = /^(?:c?python-?|@)?3\.(\d{1,2})(?:\.\d+)?(?:-.*)?$/i.exec(line ?? "")?.[1];
  if (minor === undefined) {
    throw new LaunchError(
      "build-failed",
      `${file}: "${line ?? ""}" is not a Python version that an image can be chosen for; write one like 3.12, or add a Dockerfile`,
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
  const clauses = specifier
    .split(",")
    .map((clause) => clause.trim())
    .filter((clause) => clause !== "");
  const minor = choices.find((choice) => clauses.every((clause) => allows(clause, choice)));
  if (minor === undefined) {
    throw new LaunchError(
      "build-failed",
      `pyproject.toml: no Python from 3.${oldest} to 3.${Math.max(...choices)} satisfies requires-python "${specifier}"; change it, or add a Dockerfile`,
    );
  }
  return `3.${minor}`;
}

/** The image has the newest patch release of its minor version; 99 stands for it. */
const newestPatch = 99;

function allows(clause: string, minor: number): boolean {
  const [, operator, written, wildcard] = /^(~=|===?|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?$/.exec(clause) ?? [];
  if (operator === undefined || written === undefined) {
    throw new LaunchError("build-failed", `pyproject.toml: requires-python has a clause that is none: "${clause}"`);
  }
  const wanted = written.split(".").map(Number);
  const order = compare([3, minor, newestPatch], wanted);
  switch (operator) {
    case ">=":
      return order >= 0;
    case ">":
      return order > 0;
    case "<=":
      return order <= 0;
    case "<":
      return order < 0;
    case "!=":
      return wildcard === undefined || !startsWith(minor, wanted);
    case "~=":
      return order >= 0 && startsWith(minor, wanted.slice(0, -1));
    default:
      return startsWith(minor, wanted.slice(0, 2));
  }
}

function startsWith(minor: number, wanted: readonly number[]): boolean {
  return wanted.every((part, index) => [3, minor][index] === part || index > 1);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
