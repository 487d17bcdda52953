import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { git, gitOrThrow } from "../../../clients/git/git.ts";
import { writeObjects } from "../../../clients/git/objects/write-objects.ts";
import { inRepository, inspectRepository, type Repository } from "../../../clients/git/repository.ts";
import { listRefs, type RefChange, updateRefs } from "../../../clients/git/refs.ts";
import { isFileMissing, LaunchError, messageOf, systemCode } from "../../../core/errors.ts";
import type { Log } from "../../../core/output/log.ts";
import { say } from "../../../core/output/said.ts";
import type { StoreRepository } from "./repository.ts";
import { waitForRefs } from "./watch-refs.ts";

/** Marks a repository as made by launch for its own use: only such a one is collected and freed of stale locks. */
const ownMark = "[launch]\n\tstore = true\n";

/** What our own repositories are made with, so that git needn't be asked. */
const ownFormat = "sha1";

/** A written run is on the disk, not only on its way there: git by itself syncs packs alone. */
const ownConfig = `[core]\n\tfsync = committed,reference\n\tfsyncMethod = batch\n${ownMark}`;

/** A ref's lock is held for milliseconds; one this old was left by a process that was killed. */
const staleLockMs = 60_000;

/** A half-made repository this old is nobody's any more. */
const abandonedMs = 24 * 3_600_000;

/** A store that nobody has written to yet is looked for this often by who waits for its first run. */
const absentMs = 200;

/** Objects of a write that has not yet moved its ref are younger than this. */
const unreferencedAge = "1.hour.ago";

/** The repository of a store on this machine, bare or with a work tree (then its refs are used, nothing else). */
export function bareRepository(path: string, log: Log): StoreRepository {
  let opened: Repository | undefined;
  return {
    maxChanges: 500,
    leastHeartbeatMs: 0,
    retryMs: 20,
    open: async (use, signal) => {
      opened ??= await openRepository(path, use, signal);
      return opened;
    },
    list: async (repository, prefixes, signal) => ({
      kind: "refs",
      refs: await listRefs(repository, prefixes, signal),
    }),
    obtain: () => Promise.resolve({ kind: "done" }),
    write: writeObjects,
    move: updateRefs,
    checkWritable: async (repository, changes) => {
      if (await isOwn(repository.directory)) await removeStaleLocks(repository.directory, changes);
    },
    checkReadable: () => Promise.resolve(),
    refusal: (said) => new LaunchError("store-failed", `the store ${path} can't be changed: ${said}`),
    share: () => undefined,
    hurry: () => undefined,
    wait: async (request, signal) => {
      const end = performance.now() + request.ms;
      for (let left = request.ms; left > 0; left = end - performance.now()) {
        opened ??= await openRepository(path, "read", signal);
        if (opened !== undefined) return waitForRefs(opened.directory, { ...request, ms: left }, signal);
        await delay(Math.min(left, absentMs), undefined, { signal });
      }
    },
    compact: (repository, signal) => collectGarbage(repository, log, signal),
  };
}

async function openRepository(
  path: string,
  use: "read" | "write",
  signal: AbortSignal,
): Promise<Repository | undefined> {
  const found = await findRepository(path);
  if (found !== undefined) {
    return (await isOwn(found)) ? { directory: found, format: ownFormat } : inspectRepository(found, signal);
  }
  if (use === "read") return undefined;
  await createBareRepository(path, signal);
  return inspectRepository(path, signal);
}

/** The git directory at `path`; undefined when there is nothing there. Never one of a parent folder. */
async function findRepository(path: string): Promise<string | undefined> {
  const names = await namesIn(path);
  if (names.length === 0) return undefined;
  if (names.includes("HEAD") && names.includes("objects")) return path;
  if (names.includes(".git")) return join(path, ".git");
  throw new LaunchError("store-failed", `the store ${path} is a folder, but not a git repository; give another path`);
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): LaunchError {
  const message = `the store ${path} can't be used: ${messageOf(error)}; choose another with --store or LAUNCH_STATE_HOME`;
  return new LaunchError("store-failed", message, { cause: error });
}

/** Makes a bare repository whole or not at all: it is made beside its place and renamed. Whoever is second uses the first's. */
export async function createBareRepository(path: string, signal: AbortSignal): Promise<void> {
  let made: string | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    made = await mkdtemp(join(dirname(path), draftPrefix(path)));
    await gitOrThrow(
      {
        args: ["init", "--quiet", "--bare", "--template=", `--object-format=${ownFormat}`, made],
        doing: `making the store ${path}`,
        cwd: made,
        signal,
      },
      "store-failed",
    );
    await appendFile(join(made, "config"), ownConfig);
    await rename(made, path);
  } catch (error) {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
    const code = systemCode(error);
    if (made !== undefined && (code === "ENOTEMPTY" || code === "EEXIST")) return;
    throw error instanceof LaunchError ? error : unusable(path, error);
  }
}

function draftPrefix(path: string): string {
  return `.${basename(path)}-`;
}

/** Removes what processes that were killed while making the repository have left beside it. */
async function removeAbandonedDrafts(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(draftPrefix(path))) continue;
    const draft = join(dirname(path), name);
    if (Date.now() - (await stat(draft)).mtimeMs > abandonedMs) await rm(draft, { recursive: true, force: true });
  }
}

async function isOwn(directory: string): Promise<boolean> {
  const config = await readFile(join(directory, "config"), "utf8").catch((error: unknown) => {
    if (isFileMissing(error)) return "";
    throw unusable(directory, error);
  });
  return config.includes(ownMark);
}

/** Locks that a killed process left, on these refs and on the packed ones. git itself never removes them. */
async function removeStaleLocks(directory: string, changes: readonly RefChange[]): Promise<void> {
  for (const name of ["packed-refs", ...changes.map((change) => change.name)]) {
    const lock = join(directory, `${name}.lock`);
    try {
      const { mtimeMs } = await stat(lock);
      if (Date.now() - mtimeMs > staleLockMs) await rm(lock, { force: true });
    } catch (error) {
      if (!isFileMissing(error)) throw error;
    }
  }
}

/** Packs refs and objects, and drops unreferenced ones; in a repository of our own only. A failure costs space, nothing else. */
export async function collectGarbage(repository: Repository, log: Log, signal: AbortSignal): Promise<void> {
  if (!(await isOwn(repository.directory))) return;
  await removeAbandonedDrafts(repository.directory);
  const args = ["gc", "--quiet", `--prune=${unreferencedAge}`];
  const doing = `collecting garbage in ${repository.directory}`;
  const { exitCode, stderr } = await git(inRepository(repository, { args, doing, timeoutMs: 600_000, signal }));
  if (exitCode !== 0) log.debug(say`${doing}: ${stderr.trim()}`);
}
