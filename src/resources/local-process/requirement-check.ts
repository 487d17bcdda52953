import { basename, resolve } from "node:path";
import type { Log } from "../../core/output/log.ts";
import { type Environment, execute } from "../../core/process.ts";
import { packagesOf, readRequirements, type Requirement } from "./requirements.ts";
import { fits } from "./version.ts";

export type CheckRequest = {
  readonly command: string;
  readonly directory: string;
  /** The run's, without its secrets. */
  readonly env: Environment;
  readonly log: Log;
};

const maxNamed = 10;
const timeoutMs = 5_000;

const program = `
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in json.load(sys.stdin):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
json.dump(found, sys.stdout)
`;

/**
 * Warns of what the Python that runs has otherwise than the requirement files ask for. A run in the present environment is
 * not stopped by that: it may be what the user wants. Never fails; whatever goes wrong is a debug line.
 */
export async function warnOfDifferences(request: CheckRequest, signal: AbortSignal): Promise<void> {
  try {
    if (!/^python(?:\d+(?:\.\d+)?)?$/.test(basename(request.command))) return;
    const requirements = await readRequirements(request.directory);
    if (requirements === undefined) return;
    const wanted = packagesOf(requirements);
    if (wanted.length === 0) return;
    const installed = await installedVersions(request, wanted, signal);
    const differences = differencesOf(wanted, installed);
    if (differences.length === 0) return;
    const more = differences.length > maxNamed ? `; and ${differences.length - maxNamed} more` : "";
    request.log.warning(
      `this environment differs from ${requirements.main.path}: ${differences.slice(0, maxNamed).join("; ")}${more}. ` +
        "resource_args.local-process.venv: true runs in one that is made from it",
    );
  } catch (error) {
    if (!signal.aborted) request.log.debug(`requirements were not compared: ${String(error)}`);
  }
}

/** Asks from the root folder, so that no file of the source stands in for a module of Python's own. */
async function installedVersions(
  { command, directory, env }: CheckRequest,
  wanted: readonly Requirement[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const result = await execute({
    command: command.includes("/") ? resolve(directory, command) : command,
    args: ["-c", program],
    doing: "reading the installed packages",
    cwd: "/",
    env,
    input: JSON.stringify(wanted.map(({ name }) => name)),
    signal,
    timeoutMs,
  });
  if (result.exitCode !== 0) throw new Error(result.stderr.trim().split("\n").at(-1));
  const answer: unknown = JSON.parse(result.stdout.toString());
  return new Map(Object.entries(typeof answer === "object" && answer !== null ? answer : {}));
}

/** Each package that is absent, or there in a version that was not asked for, in words. */
export function differencesOf(
  wanted: readonly Requirement[],
  installed: ReadonlyMap<string, unknown>,
): readonly string[] {
  return wanted.flatMap(({ name, specifier, expected }) => {
    const version = installed.get(name);
    if (typeof version !== "string") return expected ? [`${name}${specifier} is not installed`] : [];
    return fits(version, specifier) === false ? [`${name} is ${version}, not ${specifier}`] : [];
  });
}
