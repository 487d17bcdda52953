import { chmod, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  containerNames,
  type DockerOutput,
  inspectContainer,
  removeContainer,
  stopContainer,
} from "../../clients/docker/container.ts";
import { localImage } from "../../clients/docker/image.ts";
import { engineVersion } from "../../clients/docker/version.ts";
import { formatCommandLine } from "../../core/command-line.ts";
import { isFileMissing } from "../../core/errors.ts";
import { findingOf } from "../../core/finding.ts";
import { localHandle, runKeyOf } from "../../run/handle.ts";
import type { Handle } from "../../run/handle.ts";
import type { Resource, ResourceContext, ResourcePlugin, RunRequest, SharedLife } from "../resource.ts";
import { followContainer } from "./follow.ts";
import { mountOption, mountsOf, networkOptions, outputTarget, sourceTarget } from "./mounts.ts";
import { environmentOf, optionsOf } from "./options.ts";
import { reclaim } from "./reclaim.ts";
import type { LocalContainerArgs } from "./schema.ts";
import { type ContainerSettings, imageOf, labelsOf, submit } from "./submit.ts";
import { endWatcher, removeWatcher, startWatcher, unlessAbandoned } from "./watcher.ts";

const kind = "local-container";

/*
 * A run as one container of the local engine, named after the run, so that any launcher can find it. `docker create`, then
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
  /** The `docker start` of this process. */
  readonly attached: DockerOutput | undefined;
  /** It gives its output once: who follows after that has the engine's log. */
  isFollowed: boolean;
  readonly image: string;
  readonly folders: readonly Folder[];
};

/** The runs that this process has started, by their containers' names. */
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
    mounts: mountsOf(args, context),
    env: environmentOf(args),
    platform: args.platform,
    hasWorkdir: (args.workdir ?? args.w) !== undefined,
  };
  const watcherOf = (name: string): string => join(context.cacheDirectory, "containers", `${name}.json`);
  const nameOf = (handle: Handle): string => localHandle(kind, runKeyOf(kind, handle)).name;
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
      const name = nameOf(start.handle);
      const { runs } = await lend();
      if (runs.has(name)) return;
      const folders = await foldersOf(request);
      // Before the container: a kill in between leaves a watcher of nothing, which ends by itself.
      if (request.outlives !== undefined) await startWatcher(name, request.outlives, watcherOf(name));
      try {
        const attached = await submit(request, { ...start, settings }, signal);
        runs.set(name, { attached, isFollowed: false, image: imageOf(request), folders });
      } catch (error) {
        await endWatcher(watcherOf(name));
        for (const folder of folders) await closeFolder(folder);
        throw error;
      }
    },
    find: async (key) => {
      const handle = localHandle(kind, key);
      const labels = Object.entries(labelsOf(key)).map(([label, value]) => `label=${label}=${value}`);
      return (await containerNames(labels)).includes(handle.name) ? handle : undefined;
    },
    follow: async (handle, { sink }, signal) => {
      const name = nameOf(handle);
      const { runs } = await lend();
      const outcome = await followContainer({ name, attached: takeAttached(runs.get(name)) }, sink, signal);
      await open(runs.get(name) ?? (await orphanOf(name)));
      return unlessAbandoned(outcome, watcherOf(name));
    },
    imageDigest: (handle) => imageDigestOf(nameOf(handle)),
    cancel: async (handle, graceMs) => {
      await stopContainer(nameOf(handle), graceMs);
      await endWatcher(watcherOf(nameOf(handle)));
    },
    remove: async (handle) => {
      const name = nameOf(handle);
      const { runs } = await lend();
      const run = runs.get(name) ?? (await orphanOf(name));
      await removeContainer(name);
      await removeWatcher(watcherOf(name));
      await run?.attached?.group.end(0);
      await open(run);
      for (const folder of run?.folders ?? []) await closeFolder(folder);
      runs.delete(name);
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
async function imageDigestOf(name: string): Promise<string | undefined> {
  const container = await inspectContainer(name);
  if (container === undefined) return undefined;
  const image = await localImage(container.imageId, { signal: AbortSignal.timeout(10_000) });
  return image?.repoDigests[0]?.replace(/^.*@/, "") ?? container.imageId;
}

/** What the engine knows of a container that another launcher made; the folders are those that a launcher mounts, not the user's. */
async function orphanOf(name: string): Promise<Run | undefined> {
  const container = await inspectContainer(name);
  if (container === undefined) return undefined;
  const folders = container.mounts
    .filter(({ target }) => target === outputTarget || target === sourceTarget)
    .map(({ source }) => ({ path: source, mode: 0o755 }));
  return { attached: undefined, isFollowed: false, image: container.image, folders };
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
