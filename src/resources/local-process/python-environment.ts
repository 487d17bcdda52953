import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { uv, uvOrThrow } from "../../clients/uv/uv.ts";
import { formatDuration } from "../../core/duration.ts";
import { isFileMissing, LaunchError, systemCode } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { isRunning, nameProcess } from "../../core/process-identity.ts";
import { ours, say } from "../../core/output/said.ts";
import type { Requirements } from "../../python/packages.ts";
import { pinFiles, pinnedPython } from "../../python/pinned-python.ts";
import type { Requirement } from "../../python/requirement.ts";
import { readRequirementsFile } from "../../python/requirements-file.ts";
import type { StartWaits } from "../start-wait.ts";

/*
 * A Python environment is named by a hash of the requirement files and the Python version: equal needs share one, and a changed need
 * gets a new one. It is built in a folder of its own, `HASH.PID.START.RANDOM`, and becomes the environment by a symbolic link, `HASH`, that only
 * one of several builders can make; so nobody ever sees half of one, and scripts in it keep the paths that they were made with.
 * A builder that was killed leaves a folder without link, which the next one to build that hash removes.
 */
export type PythonEnvironmentRequest = {
  /** Where the requirement files are. */
  readonly directory: string;
  readonly requirements: Requirements;
  readonly cacheDirectory: string;
  /** What builds get: the run's environment without its secrets. */
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly waits: StartWaits;
};

const installTimeoutMs = 3_600_000;
const quickTimeoutMs = 60_000;

/** The folder of an environment with these requirements, made now or earlier. Throws `tool-missing`, `submit-failed`, `unsupported`. */
export async function pythonEnvironment(request: PythonEnvironmentRequest, signal: AbortSignal): Promise<string> {
  refuseLocalPaths(request.requirements);
  const python = await requestedPython(request.directory);
  const parent = join(request.cacheDirectory, "python");
  const hash = hashOf(request.requirements, await pythonVersion(request, python, signal));
  const link = join(parent, hash);
  const present = await useTarget(parent, link);
  if (present !== undefined) return join(parent, present);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent, hash);
  return build({ ...request, python, parent, hash }, signal);
}

async function build(
  request: PythonEnvironmentRequest & { python: string | undefined; parent: string; hash: string },
  signal: AbortSignal,
): Promise<string> {
  const { log, waits, parent, hash, requirements } = request;
  const self = await nameProcess(process.pid);
  const started = Buffer.from(self?.started ?? "").toString("base64url");
  const name = `${hash}.${process.pid}.${started}.${randomBytes(4).toString("hex")}`;
  const folder = join(parent, name);
  const startedAt = performance.now();
  waits({ kind: "packages", subject: requirements.main.path });
  let winner: string;
  try {
    await install({ ...request, folder }, signal);
    winner = await linkOnce(parent, hash, name);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  waits(undefined);
  if (winner !== name) {
    await rm(folder, { recursive: true, force: true });
    return join(parent, winner);
  }
  const took = formatDuration(performance.now() - startedAt);
  log.info(
    say`made a Python environment from ${requirements.main.path} in ${ours(took)}; the next run with the same reuses it`,
  );
  return folder;
}

/** Makes a folder the environment, unless another one is by now. Returns the one that is. */
async function linkOnce(parent: string, hash: string, name: string): Promise<string> {
  const link = join(parent, hash);
  try {
    await symlink(name, link);
    return name;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
  const other = await targetOf(link);
  if (other !== undefined) return other;
  await rm(link, { force: true });
  await symlink(name, link);
  return name;
}

async function install(
  request: PythonEnvironmentRequest & { python: string | undefined; folder: string },
  signal: AbortSignal,
): Promise<void> {
  const { directory, requirements, folder, python } = request;
  const path = requirements.main.path;
  const common = { cwd: directory, env: { ...request.env, UV_PROJECT_ENVIRONMENT: folder }, signal };
  await uvOrThrow({
    ...common,
    args: ["venv", "--no-project", ...(python === undefined ? [] : ["--python", python]), "--", folder],
    doing: "making a Python environment",
    timeoutMs: installTimeoutMs,
  });
  const args =
    requirements.kind === "uv.lock"
      ? ["sync", "--frozen", "--no-install-project", "--no-install-workspace"]
      : ["pip", "install", "--python", folder, "--requirements", path];
  await uvOrThrow({ ...common, args, doing: `installing ${path}`, timeoutMs: installTimeoutMs });
}

/** `.python-version` as pyenv and uv read it, or `runtime.txt` as Heroku did (`python-3.12`); else what uv finds by itself. */
async function requestedPython(directory: string): Promise<string | undefined> {
  for (const file of pinFiles) {
    try {
      const written = pinnedPython(await readFile(join(directory, file), "utf8"));
      if (written !== undefined) return written.replace(/^python-/, "");
    } catch (error) {
      if (!isFileMissing(error)) throw error;
    }
  }
  return undefined;
}

/** The version that uv will take; when it would have to download one, what was asked for is all that is known. */
async function pythonVersion(
  { directory, env }: PythonEnvironmentRequest,
  python: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout } = await uv({
    args: ["python", "find", "--system", "--show-version", ...(python === undefined ? [] : ["--", python])],
    doing: "looking for Python",
    cwd: directory,
    env,
    signal,
    timeoutMs: quickTimeoutMs,
  });
  return exitCode === 0 ? stdout.toString().trim() : (python ?? "any");
}

function hashOf({ kind, main, included }: Requirements, python: string): string {
  const hash = createHash("sha256");
  const files = [main, ...included].map(({ path, text }) => ({ path, text }));
  hash.update(JSON.stringify([kind, process.platform, process.arch, python, files]));
  return hash.digest("hex").slice(0, 32);
}

/** An environment outlives the source that it was made from, so nothing in it may point there. */
function refuseLocalPaths({ kind, main, included }: Requirements): void {
  if (kind !== "requirements") return;
  for (const { path, text } of [main, ...included]) {
    const local = readRequirementsFile(text).find((line) => line.kind === "requirement" && isLocal(line.requirement));
    if (local?.kind !== "requirement") continue;
    throw new LaunchError(
      "unsupported",
      `venv: true: ${path} installs a local path ("${local.text}"), and a reused environment can't hold one; ` +
        "leave the line out and put the folder on PYTHONPATH in env",
    );
  }
}

/** An absolute path is of the machine, and stays. */
function isLocal({ from, target, editable }: Requirement): boolean {
  return editable || from === "file-url" || (from === "path" && target?.startsWith("/") !== true);
}

/** The folder that a link names; a link to one that somebody has removed is no link. */
async function targetOf(link: string): Promise<string | undefined> {
  try {
    const target = await readlink(link);
    await stat(join(link, "bin", "python"));
    return target;
  } catch (error) {
    if (isFileMissing(error)) return undefined;
    throw error;
  }
}

/** The folder that a link names, which says from now on that it was used; not one that an old age's removal has just taken away. */
async function useTarget(parent: string, link: string): Promise<string | undefined> {
  const target = await targetOf(link);
  if (target === undefined) return undefined;
  const now = new Date();
  try {
    await utimes(join(parent, target), now, now);
  } catch (error) {
    if (!isFileMissing(error)) throw error;
  }
  return (await targetOf(link)) === target ? target : undefined;
}

async function removeAbandoned(parent: string, hash: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [of, pid, started = ""] = name.split(".");
    if (of !== hash || pid === undefined) continue;
    const builder = { pid: Number(pid), started: Buffer.from(started, "base64url").toString() };
    if (await isRunning(builder)) continue;
    // Linked in between by a builder that has ended since: then it is the environment.
    if ((await targetOf(join(parent, hash))) === name) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}
