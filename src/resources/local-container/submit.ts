import { chmod } from "node:fs/promises";
import { posix } from "node:path";
import {
  createContainer,
  type CreateRequest,
  type DockerOutput,
  inspectContainer,
  type NamedContainer,
  removeContainer,
  startContainer,
} from "../../clients/docker/container.ts";
import { localImage } from "../../clients/docker/image.ts";
import { withLogin } from "../../clients/docker/login.ts";
import { pullWithProgress } from "../../clients/docker/pull.ts";
import { LaunchError } from "../../core/errors.ts";
import { chmodBelow } from "../../core/folders/pinned.ts";
import { formatImageReference, parseImageReference } from "../../core/image-reference.ts";
import { type Handle, labelsOfAttempt } from "../../run/handle.ts";
import type { PullAccess, RunRequest, Start } from "../resource.ts";
import type { StartWaits } from "../start-wait.ts";
import { type BindMount, mountOption, outputTarget, sourceTarget } from "./mounts.ts";
import { isOwn } from "./own-container.ts";

/** What the args and the launch config make of a run's container. */
export type ContainerSettings = {
  readonly options: readonly string[];
  /** What a run gets that doesn't ask. */
  readonly ownOptions: readonly string[];
  readonly mounts: readonly BindMount[];
  readonly env: Readonly<Record<string, string>>;
  readonly platform: string | undefined;
  /** `workdir` of the args, which the source's folder would otherwise be. */
  readonly hasWorkdir: boolean;
};

type ContainerStart = Start & { readonly settings: ContainerSettings };

/** Like /tmp: the container's user may write, and nobody may take away what is another's. */
const writableForAll = 0o1777;
/** The engine's own log, for those who adopt the run: its `local` driver keeps bytes as they are, and an endless log from filling the disk. */
const logOptions = ["--log-driver=local", "--log-opt=max-size=100m", "--log-opt=max-file=5"];

export function imageOf({ image }: RunRequest): string {
  if (image === undefined)
    throw new LaunchError("refused", "local-container needs an image: build one, or name one in docker.docker_image");
  const { reference, digest } = image;
  const parsed = parseImageReference(reference);
  if (digest === undefined || parsed === undefined || parsed.digest !== undefined) return reference;
  const { registry, repository } = parsed;
  return formatImageReference({ ...(registry === undefined ? {} : { registry }), repository, digest });
}

export type Submitted = {
  readonly container: NamedContainer;
  /** Docker attached to it, when the start was ours to make; a container that runs or has ended is followed by its log. */
  readonly attached: DockerOutput | undefined;
};

/** Starts a run's container, or takes the one that is there. */
export async function submit(request: RunRequest, start: ContainerStart, signal: AbortSignal): Promise<Submitted> {
  const { handle, settings } = start;
  refuseOtherDevices(request, settings);
  const creation = creationOf(request, handle, settings);
  stopIfAborted(signal);
  await openFolders(request);
  const { id, isStarted } = await createOrAdopt(request, { ...start, creation }, signal);
  const container = { id, name: handle.name };
  if (isStarted) return { container, attached: undefined };
  if (signal.aborted) {
    await removeContainer(container);
    stopIfAborted(signal);
  }
  return { container, attached: await startContainer(container) };
}

async function createOrAdopt(
  request: RunRequest,
  { creation, settings, waits }: ContainerStart & { readonly creation: CreateRequest },
  signal: AbortSignal,
): Promise<{ readonly id: string; readonly isStarted: boolean }> {
  const { name, image } = creation;
  let creating = await createContainer(creation);
  if (creating.kind === "created") return { id: creating.id, isStarted: false };
  const present = await inspectContainer({ name });
  if (present !== undefined) {
    if (isOwn(present, request)) return { id: present.id, isStarted: present.status !== "created" };
    throw new LaunchError(
      "submit-failed",
      `a container named ${name} is there, and it is not this run's: it is left alone; rename or remove it`,
    );
  }
  // With a platform, an image of the same name for another one may be here.
  if (settings.platform !== undefined || (await localImage(image, { signal })) === undefined) {
    await pull({ image, platform: settings.platform, access: request.image?.pull }, waits, signal);
    waits(undefined);
    stopIfAborted(signal);
    creating = await createContainer(creation);
    if (creating.kind === "created") return { id: creating.id, isStarted: false };
  }
  throw new LaunchError("submit-failed", `the container could not be created: ${creating.words}`);
}

type Pull = {
  readonly image: string;
  readonly platform: string | undefined;
  readonly access: PullAccess | undefined;
};

/** Pulls the image with the login that its registry gives, if it gives one; the login is removed after. */
async function pull({ image, platform, access }: Pull, waits: StartWaits, signal: AbortSignal): Promise<void> {
  const wait = { kind: "image-pull", subject: image } as const;
  waits(wait);
  const onProgress = (progress: string): void => waits({ ...wait, progress });
  const pulled = (env: Readonly<Record<string, string>>): Promise<void> =>
    pullWithProgress({ reference: image, platform, env, onProgress }, signal);
  if (access === undefined) return pulled({});
  const mayBeLogin = (error: unknown): boolean => error instanceof LaunchError && error.code === "image-pull";
  return withLogin(
    { credential: (ending) => access.credential(ending), scratch: access.scratch, mayBeLogin },
    signal,
    pulled,
  );
}

/** Docker reads the value as CSV, so the list of devices is quoted. */
function gpuOptions({ devices }: RunRequest): readonly string[] {
  return devices === undefined || devices.gpu.length === 0 ? [] : [`--gpus="device=${devices.gpu.join(",")}"`];
}

/** Where devices are shared out, a run that names them itself would take those of others. */
function refuseOtherDevices({ devices }: RunRequest, { options }: ContainerSettings): void {
  if (devices === undefined || !options.some((option) => option.startsWith("--gpus="))) return;
  throw new LaunchError(
    "refused",
    "resource_args.local-container.gpus: this agent shares out its GPUs as slots; ask for them by `slots: {gpu: N}`",
  );
}

function creationOf(request: RunRequest, handle: Handle, settings: ContainerSettings): CreateRequest {
  const [program, ...rest] = request.command ?? [];
  const labels = { ...request.labels, ...labelsOfAttempt(request) };
  const source: readonly BindMount[] =
    request.sourceDirectory === undefined
      ? []
      : [{ source: request.sourceDirectory, target: sourceTarget, readOnly: false }];
  const output: BindMount = { source: request.outputDirectory, target: outputTarget, readOnly: false };
  const workdir =
    settings.hasWorkdir || request.sourceDirectory === undefined
      ? []
      : [`--workdir=${posix.join(sourceTarget, request.workingDirectory)}`];
  return {
    name: handle.name,
    image: imageOf(request),
    options: [
      ...["--init", "--stop-signal=SIGTERM", ...logOptions, ...settings.ownOptions],
      ...Object.entries(labels).map(([name, value]) => `--label=${name}=${value}`),
      ...[output, ...source, ...settings.mounts].map(mountOption),
      ...workdir,
      ...settings.options,
      ...gpuOptions(request),
      ...(program === undefined ? [] : [`--entrypoint=${program}`]),
    ],
    env: { ...settings.env, ...request.env, ...request.secrets, LAUNCH_OUTPUT_DIR: outputTarget },
    args: [...rest, ...request.args],
  };
}

/** Lets whatever user the image has write where a run writes. */
async function openFolders({ outputDirectory, sourceDirectory, workingDirectory }: RunRequest): Promise<void> {
  await chmod(outputDirectory, writableForAll);
  if (sourceDirectory === undefined) return;
  await chmod(sourceDirectory, writableForAll);
  if (workingDirectory !== "") await chmodBelow(sourceDirectory, workingDirectory, writableForAll);
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted)
    throw new LaunchError("cancelled", "cancelled before the run was started", { cause: signal.reason });
}
