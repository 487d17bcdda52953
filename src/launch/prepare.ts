import { formatCommandLine } from "../core/command-line.ts";
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LaunchError } from "../core/errors.ts";
import { resourceTraits } from "../resources/index.ts";
import type { Resource, RunRequest } from "../resources/resource.ts";
import { labelsOfAttempt, nameOfAttempt, type RunKey } from "../run/handle.ts";
import type { ResolvedSource } from "../sources/source.ts";
import { fillMacros } from "../spec/launch-spec/macros.ts";
import { withInterpreter } from "../spec/reading/words.ts";
import { baseImageOf, defaultBaseImage, type ImagePlan, openEnvironment } from "./open-image.ts";
import { runEnvironment } from "./run-environment.ts";
import type { LaunchRequest, QueuedAttempt, Services } from "./services.ts";

/** The image of a run: built, given, a base that the code is mounted into, or none. */
export type RunImage = RunRequest["image"];

/** A run of a queue is for an agent to start. */
export function refuseQueue({ spec }: LaunchRequest): void {
  if (spec.queue === undefined) return;
  throw new LaunchError(
    "unsupported",
    `queue: this starts runs here and now; put it into the queue "${spec.queue}" with \`${formatCommandLine(["launch", "run", "-q", spec.queue])}\`, or remove it`,
  );
}

/** What of a spec would have no effect: refused, never ignored. */
export function refuseOutputs({ spec }: LaunchRequest): void {
  if (spec.outputs.length === 0) return;
  throw new LaunchError(
    "unsupported",
    "outputs: sending outputs elsewhere is not in this version; remove it: what the run writes to the folder LAUNCH_OUTPUT_DIR is kept",
  );
}

/** Python code without an entry point runs its `main.py`, as with W&B Launch; a Dockerfile or an image has its own command. */
export async function commandOf(
  request: LaunchRequest,
  { source, plan }: { readonly source: ResolvedSource; readonly plan: ImagePlan | undefined },
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const given = plan?.kind === "build" ? plan.plan.entryPoint : request.spec.overrides.entry_point;
  if (given !== undefined || source.kind === "image") return given;
  if (plan?.kind === "build" && plan.plan.dockerfile.origin !== "generated") return undefined;
  const folder = source.provenance.subdirectory;
  const main = folder === undefined ? "main.py" : `${folder}/main.py`;
  if ((await source.readFile(main, signal)) !== undefined) return withInterpreter(["main.py"]);
  throw new LaunchError(
    "bad-spec",
    `nothing says what to run: overrides.entry_point is not set and the source has no ${main}`,
  );
}

export type RunParts = {
  readonly key: RunKey;
  readonly queued?: QueuedAttempt | undefined;
  readonly source: ResolvedSource;
  readonly command: readonly string[] | undefined;
  readonly image: RunImage;
  readonly sourceDirectory: string | undefined;
  readonly secrets: Readonly<Record<string, string>>;
};

/** Opens the run's resource. Throws `refused` for what the launch config doesn't allow, such as a mount. */
export async function resourceFor(
  request: LaunchRequest,
  services: Services,
  { runId, image }: { readonly runId: string; readonly image: string | undefined },
): Promise<Resource> {
  const { spec, config, by } = request;
  const args = fillMacros(spec.resource_args, {
    run_id: runId,
    run_name: spec.name,
    project_name: spec.project,
    entity_name: spec.entity,
    image_uri: image ?? "",
    author: spec.author ?? by,
  });
  return services.resources.open(spec.resource, args, {
    log: services.log,
    cacheDirectory: services.state.cache,
    environment: services.environment,
    cloudEnvironment: await openEnvironment(request, services),
    mounts: config.allow.mounts.map((mount) => ({ path: mount.path, readOnly: mount.read_only })),
    ownFolders: [services.state.path],
    networks: config.allow.network ?? [],
  });
}

/** The resource, and what it is asked to run. */
export async function prepareRun(
  request: LaunchRequest,
  services: Services,
  parts: RunParts,
): Promise<{ readonly resource: Resource; readonly run: RunRequest }> {
  const { spec } = request;
  const { key, source, image, queued } = parts;
  const resource = await resourceFor(request, services, { runId: key.runId, image: image?.reference });
  const run: RunRequest = {
    ...key,
    name: spec.name,
    image,
    sourceDirectory: parts.sourceDirectory,
    workingDirectory: source.provenance.subdirectory ?? "",
    command: parts.command,
    args: spec.overrides.args ?? [],
    env: runEnvironment({
      runId: key.runId,
      attempt: key.attempt,
      queue: queued?.queue,
      name: spec.name,
      project: spec.project,
      entity: spec.entity,
      author: spec.author,
      commit: source.provenance.commit,
      image: image?.reference,
      runConfig: spec.overrides.run_config ?? {},
      files: spec.overrides.files ?? {},
      env: spec.env,
    }),
    secrets: parts.secrets,
    labels: { ...labelsOfAttempt(key), "launch.project": spec.project },
    outputDirectory: services.state.outputFolder(nameOfAttempt(key)),
    ...(queued === undefined ? {} : { outlives: queued.outlives }),
    ...(queued?.devices === undefined ? {} : { devices: queued.devices }),
  };
  return { resource, run };
}

/** The image that a run without a build uses: the one given, or the base that code is mounted into. */
export function imageWithoutBuild(request: LaunchRequest, source: ResolvedSource): RunImage {
  if (source.kind === "image") return { reference: source.image, digest: undefined };
  if (!resourceTraits(request.spec.resource).needsImage) return undefined;
  return { reference: baseImageOf(request.spec) ?? defaultBaseImage, digest: undefined };
}

/** Exports the code for a run that needs it as a folder: a process, or a container that mounts it. */
export async function exportSource(
  source: ResolvedSource,
  scratch: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (source.kind === "image") return undefined;
  const directory = join(scratch, "source");
  await mkdir(directory, { recursive: true });
  await source.exportTo(directory, signal);
  return directory;
}

const requirementNames = [
  "requirements.txt",
  "requirements.frozen.txt",
  "pyproject.toml",
  "uv.lock",
  "environment.yml",
  "apt.txt",
  ".python-version",
  "runtime.txt",
  "package.json",
  "package-lock.json",
  "Dockerfile",
  "Dockerfile.wandb",
];

/** Hashes of the files that say what is installed, at the root and in the run's folder. */
export async function requirementFilesOf(
  source: ResolvedSource,
  signal: AbortSignal,
): Promise<readonly { readonly path: string; readonly sha256: string }[]> {
  if (source.kind === "image") return [];
  const folder = source.provenance.subdirectory;
  const places = folder === undefined ? [""] : ["", `${folder}/`];
  const wanted = places.flatMap((place) => requirementNames.map((name) => place + name));
  const present = new Set(await source.paths(signal));
  return Promise.all(
    wanted
      .filter((path) => present.has(path))
      .map(async (path) => ({
        path,
        sha256: createHash("sha256")
          .update((await source.readFile(path, signal)) ?? "")
          .digest("hex"),
      })),
  );
}
