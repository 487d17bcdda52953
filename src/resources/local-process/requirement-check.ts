import { basename, resolve } from "node:path";
import { z } from "zod";
import type { Log } from "../../core/output/log.ts";
import { type Environment, execute } from "../../core/process.ts";
import { ours, say } from "../../core/output/said.ts";
import type { MarkerEnvironment } from "../../python/markers.ts";
import { readRequirements } from "./requirements.ts";

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
import json, os, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in json.load(sys.stdin):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
system, _, release, build, machine = os.uname()
python = sys.version.split()[0]
name = sys.implementation.name
environment = {
    "os_name": os.name, "sys_platform": sys.platform,
    "platform_system": system, "platform_release": release, "platform_version": build, "platform_machine": machine,
    "python_version": "%d.%d" % sys.version_info[:2], "python_full_version": python,
    "implementation_name": name, "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(name, name),
}
json.dump({"versions": found, "environment": environment}, sys.stdout)
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
    // Its two libraries are for those who have such files.
    const { differencesOf, listPackages, wantedIn } = await import("../../python/packages.ts");
    const listed = listPackages(requirements);
    if (listed.length === 0) return;
    const names = listed.map(({ name }) => name);
    const { versions, environment } = await askPython(request, names, signal);
    const differences = differencesOf(wantedIn(listed, environment), versions);
    if (differences.length === 0) return;
    const more = differences.length > maxNamed ? `; and ${differences.length - maxNamed} more` : "";
    request.log.warning(
      say`this environment differs from ${requirements.main.path}: ${differences.slice(0, maxNamed).join("; ")}${ours(more)}. resource_args.local-process.venv: true runs in one that is made from it`,
    );
  } catch (error) {
    if (!signal.aborted) request.log.debug(say`requirements were not compared: ${String(error)}`);
  }
}

const answerSchema = z.object({
  versions: z.record(z.string(), z.unknown()),
  environment: z.record(z.string(), z.string()),
});

/** Asks from the root folder, so that no file of the source stands in for a module of Python's own. */
async function askPython(
  { command, directory, env }: CheckRequest,
  names: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly versions: ReadonlyMap<string, unknown>; readonly environment: MarkerEnvironment }> {
  const result = await execute({
    command: command.includes("/") ? resolve(directory, command) : command,
    args: ["-c", program],
    doing: "reading the installed packages",
    cwd: "/",
    env,
    input: JSON.stringify(names),
    signal,
    timeoutMs,
  });
  if (result.exitCode !== 0) throw new Error(result.stderr.trim().split("\n").at(-1));
  const { versions, environment } = answerSchema.parse(JSON.parse(result.stdout.toString()));
  return { versions: new Map(Object.entries(versions)), environment };
}
