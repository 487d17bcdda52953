import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  containerNames,
  type DockerOutput,
  type NamedContainer,
  removeContainer,
  stopContainer,
} from "../../clients/docker/container.ts";
import { localImage } from "../../clients/docker/image.ts";
import { engineVersion } from "../../clients/docker/version.ts";
import { formatCommandLine } from "../../core/command-line.ts";
import { isFileMissing } from "../../core/errors.ts";
import { findingOf } from "../../core/finding.ts";
import type { Log } from "../../core/output/log.ts";
import { type Handle, identityLabel, localHandle, type NamedAttempt, namedBy } from "../../run/handle.ts";
import type { Resource, ResourceContext, ResourcePlugin, RunRequest, SharedLife } from "../resource.ts";
import { followContainer, goneOutcome, patiently } from "./follow.ts";
import { mountOption, mountsOf, networkOptions, outputTarget, sourceTarget } from "./mounts.ts";
import { environmentOf, optionsOf } from "./options.ts";
import { ownContainer } from "./own-container.ts";
import { reclaim } from "./reclaim.ts";
import type { LocalContainerArgs } from "./schema.ts";
import { sharedMemoryOption } from "./shared-memory.ts";
import { type ContainerSettings, imageOf, submit } from "./submit.ts";
import { endWatcher, removeWatcher, startWatcher, unlessAbandoned } from "./watcher.ts";

const kind = "local-container";

/*
 * A run as one container of the local engine, named after the attempt and labelled with its identity, so that any launcher can find it, and
 * takes no other for it. `docker create`, then
 * `docker start --attach`, then `docker rm`: three calls when all goes well. Creating apart from starting costs one call more than
 * `docker run` and tells what failed: no image, a refused option, or the program.
 */
export const plugin: ResourcePlugin<LocalContainerArgs, StartedRuns> = {
  share: () => Promise.resolve(startedRuns()),
  create: createLocalContainer,
  examine: async ({ use }, signal) => [
    await findingOf({ subject: "docker", needed: use === undefined ? undefined : `resource ${kind}` }, () =>
      engineVersion(signal),
    ),
  ],
};

/** A folder of ours that a container may write to, and the permissions that it gets back. */
type Folder = { readonly path: string; readonly mode: number };
type Run = {
  readonly container: NamedContainer;
  /** The `docker start` of this process. */
  readonly attached: DockerOutput | undefined;
  /** It gives its output once: who follows after that has the engine's log. */
  isFollowed: boolean;
  readonly image: string;
  readonly folders: readonly Folder[];
};

/** The runs that this process has started, by their identities. */
type StartedRuns = SharedLife & { readonly runs: Map<string, Run> };

function startedRuns(): StartedRuns {
  const runs = new Map<string, Run>();
  return {
    runs,
    close: () => {
      // Docker's own process alone: a signal that it could pass on would end the container.
      for (const { attached } of runs.values()) attached?.group.kill("SIGKILL");
      runs.clear();
      return Promise.resolve();
    },
  };
}

function createLocalContainer(
  args: LocalContainerArgs,
  context: ResourceContext,
  lend: () => Promise<StartedRuns>,
): Resource {
  const settings: ContainerSettings = {
    options: [...optionsOf(args), ...networkOptions(args, context)],
    ownOptions: sharedMemoryOption(args),
    mounts: mountsOf(args, context),
    env: environmentOf(args),
    platform: args.platform,
    hasWorkdir: (args.workdir ?? args.w) !== undefined,
  };
  const watcherOf = (name: string): string => join(context.cacheDirectory, "containers", `${name}.json`);
  const attemptOf = (handle: Handle): NamedAttempt => namedBy(kind, handle);
  const known = async ({ identity }: NamedAttempt): Promise<Run | undefined> => (await lend()).runs.get(identity);
  /** What this process has started it knows; another's the engine is asked for. */
  const containerOf = async (attempt: NamedAttempt): Promise<NamedContainer | undefined> =>
    (await known(attempt))?.container ?? ownContainer(attempt, context.log);
  const open = (run: Run | undefined): Promise<void> =>
    run === undefined
      ? Promise.resolve()
      : reclaim({
          image: run.image,
          directories: run.folders.map(({ path }) => path),
          userId: process.getuid?.(),
          groupId: process.getgid?.(),
          log: context.log,
        });

  return {
    describe: (request) => describe(request, settings),
    handleFor: (request) => localHandle(kind, request),
    submit: async (request, start, signal) => {
      const attempt = attemptOf(start.handle);
      const { name, identity } = attempt;
      const { runs } = await lend();
      if (runs.has(identity)) return;
      const folders = await foldersOf(request);
      // Before the container: a kill in between leaves a watcher of nothing, which ends by itself.
      if (request.outlives !== undefined) await startWatcher(attempt, request.outlives, watcherOf(name));
      try {
        const submitted = await submit(request, { ...start, settings }, signal);
        runs.set(identity, { ...submitted, isFollowed: false, image: imageOf(request), folders });
      } catch (error) {
        await endWatcher(watcherOf(name));
        for (const folder of folders) await closeFolder(folder);
        throw error;
      }
    },
    find: async (key) => {
      const handle = localHandle(kind, key);
      const named = await containerNames([`label=${identityLabel}=${key.identity}`]);
      return named.includes(handle.name) ? handle : undefined;
    },
    follow: async (handle, { sink }, signal) => {
      const attempt = attemptOf(handle);
      const run = await known(attempt);
      const container = run?.container ?? (await patiently(() => ownContainer(attempt, context.log), signal));
      if (container === undefined) return goneOutcome(attempt);
      const outcome = await followContainer({ container, attached: takeAttached(run) }, sink, signal);
      await open(run ?? (await orphanOf(attempt, context.log)));
      return unlessAbandoned(outcome, watcherOf(attempt.name));
    },
    imageDigest: (handle) => imageDigestOf(attemptOf(handle), context.log),
    cancel: async (handle, graceMs) => {
      const attempt = attemptOf(handle);
      const container = await containerOf(attempt);
      if (container !== undefined) await stopContainer(container, graceMs);
      await endWatcher(watcherOf(attempt.name));
    },
    remove: async (handle) => {
      const attempt = attemptOf(handle);
      const run = (await known(attempt)) ?? (await orphanOf(attempt, context.log));
      if (run !== undefined) await removeContainer(run.container);
      await removeWatcher(watcherOf(attempt.name));
      await run?.attached?.group.end(0);
      await open(run);
      for (const folder of run?.folders ?? []) await closeFolder(folder);
      (await lend()).runs.delete(attempt.identity);
    },
  };
}

function describe(request: RunRequest, settings: ContainerSettings): string {
  const [program, ...rest] = request.command ?? [];
  return formatCommandLine([
    ...["docker", "run", ...settings.options, ...settings.mounts.map(mountOption)],
    ...Object.keys(settings.env).flatMap((name) => ["--env", name]),
    ...(program === undefined ? [] : ["--entrypoint", program]),
    ...[imageOf(request), ...rest, ...request.args],
  ]);
}

async function foldersOf({ outputDirectory, sourceDirectory }: RunRequest): Promise<readonly Folder[]> {
  const paths = sourceDirectory === undefined ? [outputDirectory] : [outputDirectory, sourceDirectory];
  return Promise.all(paths.map(async (path) => ({ path, mode: (await stat(path)).mode & 0o777 })));
}

/** The manifest's digest, as a registry knows it, where the engine has one; else its own id of the image. */
async function imageDigestOf(attempt: NamedAttempt, log: Log): Promise<string | undefined> {
  const container = await ownContainer(attempt, log);
  if (container === undefined) return undefined;
  const image = await localImage(container.imageId, { signal: AbortSignal.timeout(10_000) });
  return image?.repoDigests[0]?.replace(/^.*@/, "") ?? container.imageId;
}

/** What the engine knows of a container that another launcher made; the folders are those that a launcher mounts, not the user's. */
async function orphanOf(attempt: NamedAttempt, log: Log): Promise<Run | undefined> {
  const container = await ownContainer(attempt, log);
  if (container === undefined) return undefined;
  const folders = container.mounts
    .filter(({ target }) => target === outputTarget || target === sourceTarget)
    .map(({ source }) => ({ path: source, mode: 0o755 }));
  return { container, attached: undefined, isFollowed: false, image: container.image, folders };
}

function takeAttached(run: Run | undefined): DockerOutput | undefined {
  if (run === undefined || run.isFollowed) return undefined;
  run.isFollowed = true;
  return run.attached;
}

/** Nobody but us needs to write there any more. The launcher may have removed the folder by now. */
async function closeFolder({ path, mode }: Folder): Promise<void> {
  try {
    await chmod(path, mode);
  } catch (error) {
    if (!isFileMissing(error)) throw error;
  }
}
