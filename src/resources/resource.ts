import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { PrunedFolder, PruneRequest } from "../core/pruning.ts";
import type { Log, OutputStream } from "../core/output/log.ts";
import type { Environment } from "../environments/environment.ts";
import type { PullCredential } from "../registries/registry.ts";
import type { ResourceOutcome } from "../run/outcome.ts";
import type { RunKey, Handle } from "../run/handle.ts";
import type { StartWaits } from "./start-wait.ts";

/** What a resource is asked to run: not the spec, only what it needs of it. */
export type RunRequest = RunKey & {
  readonly name: string;
  /** By digest wherever there is one. */
  readonly image: RunImage | undefined;
  /** The exported source, for resources that run it without an image (or mount it into a base image); absolute. */
  readonly sourceDirectory: string | undefined;
  /** Folder below `sourceDirectory` to work in; "" for its root. */
  readonly workingDirectory: string;
  /** Entry point; undefined leaves the image's own. */
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[];
  /** Not secret: `LAUNCH_*`, `WANDB_*` and the spec's own. */
  readonly env: Readonly<Record<string, string>>;
  /** Values that may appear in no argv, manifest, record or log. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Where outputs are left for the launcher, absolute; the resource makes it reachable and sets LAUNCH_OUTPUT_DIR to its name inside. */
  readonly outputDirectory: string;
  /** Devices of this machine that are the run's own; undefined where nobody shares them out, and it may see all. */
  readonly devices?: { readonly gpu: readonly string[] };
  /** The run goes on when its launcher is killed, so that another can take it over; undefined ends with the launcher's pipes. */
  readonly outlives?: Outlives;
};

export type RunImage = {
  readonly reference: string;
  readonly digest: string | undefined;
  /** How to get it; absent: as this machine's Docker, or the resource itself, gets any. */
  readonly pull?: PullAccess;
};

/** A login to pull an image with. It is asked for when it is needed, and again when it has ended, however long a run waits. */
export type PullAccess = {
  /** Undefined: there is none to be had but what Docker has on this machine. */
  credential(signal: AbortSignal): Promise<PullCredential | undefined>;
  /** A folder of this run's own that only this user can read; the launcher removes it at the end. */
  readonly scratch: string;
};

/**
 * A run that outlives its launcher is watched by a process of its own, which ends it when nobody on this machine has touched
 * `keepAliveFile` for `graceMs`: then its lease has run out, and another attempt may begin elsewhere.
 */
export type Outlives = { readonly keepAliveFile: string; readonly graceMs: number };

/** Takes the run's raw output as it comes; resolves when it may have more. A chunk is freed when the call returns: what is kept is copied. */
export type OutputSink = (stream: OutputStream, chunk: Buffer) => Promise<void> | void;

/** How a run is to be started: under which handle, and who is told what its start waits for. */
export type Start = { readonly handle: Handle; readonly waits: StartWaits };

/** Who follows a run: takes its output, and is told what it waits for as long as it has not started. */
export type RunReader = { readonly sink: OutputSink; readonly waits: StartWaits };

export interface Resource {
  /** For `--dry-run`: what would be run, as one line of argv or a manifest, without secrets' values. */
  describe(request: RunRequest): string;
  /** The handle that `submit` will use: made before it, and written to the store before it. */
  handleFor(request: RunRequest): Handle;
  /** Starts the run (or adopts the same run id and attempt, when it is still there). Throws `submit-failed`, `image-pull`, `refused`, `tool-missing`. */
  submit(request: RunRequest, start: Start, signal: AbortSignal): Promise<void>;
  /** The digest of the image that a submitted run was made from, whatever its name means by now; undefined where there is none to tell. */
  imageDigest(handle: Handle): Promise<string | undefined>;
  /** What of this run is still there, running or ended. */
  find(run: RunKey, signal: AbortSignal): Promise<Handle | undefined>;
  /** Follows output and state to the end, with what it waits for first if it is still being started. Aborting `signal` stops the following, not the run. */
  follow(handle: Handle, reader: RunReader, signal: AbortSignal): Promise<ResourceOutcome>;
  /** Ends the run: SIGTERM, then SIGKILL after `graceMs`. Resolves when it has ended; fine when it had. */
  cancel(handle: Handle, graceMs: number): Promise<void>;
  /** Removes all that is left of the run (container, process, temp files). Idempotent. */
  remove(handle: Handle): Promise<void>;
}

/** What the launch config allows and gives; the ceiling of what a spec may ask. */
export type ResourceContext = {
  readonly log: Log;
  /** Folder for caches that outlive runs (environments); absolute. */
  readonly cacheDirectory: string;
  /** The launcher's own environment: a resource passes on its own allow-list of names only. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of whose cloud the credentials are. */
  readonly cloudEnvironment: Environment;
  /** Host folders that a container may mount, as the config allows them. */
  readonly mounts: readonly { readonly path: string; readonly readOnly: boolean }[];
  /** Folders that the launcher keeps its own things in: no run gets one of them. */
  readonly ownFolders?: readonly string[];
  /** Networks besides `none` and `bridge` that a container may join: `host`, or a named one. */
  readonly networks: readonly string[];
};

/** What all runs of one process share: one watch over them, or the table of those that this process has started. */
export interface SharedLife {
  /** Ends it; the runs go on. */
  close(): Promise<void>;
}

/** What it begins with: of the process, not of one of its runs. */
export type SharedContext = Pick<ResourceContext, "log" | "cacheDirectory" | "environment">;

/** A resource's plug-in: `create` takes the resource_args that its own `schema.ts` has validated. */
export type ResourcePlugin<Args, Shared extends SharedLife> = {
  /** Begins what runs share. Called at the first need, and after a failure at the next; `signal` ends a beginning that nobody waits for. */
  readonly share: (context: SharedContext, signal: AbortSignal) => Promise<Shared>;
  /** Makes the resource of one run, for nothing yet: what it lends is asked for when it is needed. */
  readonly create: (args: Args, context: ResourceContext, lend: () => Promise<Shared>) => Resource;
  /** Looks at the tools that runs of it need. */
  readonly examine?: (request: ExamineRequest<ResourceUse<Args>>, signal: AbortSignal) => Promise<readonly Finding[]>;
  /** Takes away what it keeps on this machine for later runs, and none has used since. */
  readonly prune?: (request: PruneRequest) => Promise<readonly PrunedFolder[]>;
};

/** How a run would use a resource. */
export type ResourceUse<Args> = { readonly args: Args; readonly command: readonly string[] | undefined };

/** What others need to know of a resource, without loading its plug-in. */
export type ResourceTraits = {
  /** For people: "a local process". */
  readonly called: string;
  /** W&B's other names for it. */
  readonly otherNames: readonly string[];
  /** Whether its runs are on their launcher's machine, which has their devices and knows of each. */
  readonly where: "here" | "elsewhere";
  /** It runs an image; without that, its runs have the code as a folder and the tools of their machine. */
  readonly needsImage: boolean;
  /** With whose rights: those of the agent's user can read what that one can, its secrets too. */
  readonly runsAs:
    { readonly kind: "sandbox" } | { readonly kind: "agent's user"; readonly allowedBy: "local_process" };
  /** What its arguments are, and each of them, for editors. */
  readonly argsText: string;
  readonly argText?: (name: string) => string | undefined;
};
