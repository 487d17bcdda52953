import type { Clock } from "../core/clock.ts";
import type { FieldFault } from "../core/field-fault.ts";
import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { PruneRequest } from "../core/pruning.ts";
import type { Log } from "../core/output/log.ts";
import type { Environment } from "../environments/environment.ts";
import type { Registry } from "../registries/registry.ts";
import type { CodeSource } from "../sources/source.ts";

export type BuildRequest = {
  readonly source: CodeSource;
  /** The image's name (last part of its repository), a slug. */
  readonly name: string;
  /** What will be run; `Dockerfile.wandb` is looked for beside its script. */
  readonly entryPoint: readonly string[] | undefined;
  /** `overrides.dockerfile`, relative to the source's subdirectory. */
  readonly dockerfile: string | undefined;
  /** User id in a generated Dockerfile. */
  readonly userId: number;
  /** Base image of a generated Dockerfile, instead of the one chosen from the Python version. */
  readonly baseImage: string | undefined;
  /** Where the image is pushed; undefined keeps it in the local engine. */
  readonly registry: Registry | undefined;
  /** An existing folder of this run's own; the caller removes it at the end. */
  readonly scratch: string;
};

export type BaseImage = {
  readonly reference: string;
  readonly digest: string | undefined;
  /** Where the digest is from (or why there is none), when it is not simply what the builder found. */
  readonly note?: string;
};

/** What would be built: everything that `--dry-run` shows and that the image's name depends on. */
export type BuildPlan = {
  /** Where the Dockerfile is from: `overrides.dockerfile`, a file of the source, or `generated`. */
  readonly dockerfile: { readonly origin: string; readonly text: string };
  /** Folder of the source that is the build context; "" for its root. */
  readonly context: string;
  /** The request's entry point as it is called inside the image: its script's path is relative to `context`. */
  readonly entryPoint: readonly string[] | undefined;
  readonly bases: readonly BaseImage[];
  readonly platform: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  /** sha256 over the context's content, Dockerfile text, base digests, platform and build arguments: 64 hex digits. */
  readonly inputHash: string;
  /** `repository:tag` under which the image is kept; the tag starts with the input hash. */
  readonly image: string;
};

export type BuiltImage = {
  /** What to run: `repository@sha256:…`, or the local engine's name by digest. */
  readonly reference: string;
  readonly digest: string;
  readonly plan: BuildPlan;
  readonly outcome: "built" | "unchanged";
  /** Whether another clean build gives the same digest; `reason` says why not. */
  readonly reproducible: { readonly yes: true } | { readonly yes: false; readonly reason: string };
  /** For people: "code layer only, dependencies cached", "unchanged, not built". */
  readonly words: string;
};

export interface Builder {
  /** Reads what the build depends on; changes nothing. */
  plan(request: BuildRequest, signal: AbortSignal): Promise<BuildPlan>;
  /** Builds (or finds) the planned image. Throws `build-failed` with the failing step and the last 40 lines as `detail`. */
  build(request: BuildRequest, plan: BuildPlan, signal: AbortSignal): Promise<BuiltImage>;
}

export type BuilderContext = {
  readonly log: Log;
  /** Of whose cloud the credentials are. */
  readonly cloudEnvironment: Environment;
  /** False: no step of a build gets a network, and a builder fetches nothing but images. */
  readonly network?: boolean;
  /** Values of the secrets that a builder's config names; they reach the build's own secret mounts and nothing else. */
  readonly buildSecrets?: Readonly<Record<string, string>>;
  /** Folder for what may be remembered for minutes (which builder this is, base images' digests); absent remembers nothing. */
  readonly cacheDirectory?: string;
  /** Where it is noted which images were built here and when each was used; absent notes nothing. */
  readonly notes?: ImageNotesPlace;
};

export type ImageNotesPlace = {
  /** The folder of the notes. */
  readonly images: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
};

/** A builder's plug-in: `create` takes the config that its own `schema.ts` has validated. `none` builds nothing. */
export type BuilderPlugin<Config> = {
  readonly create: (config: Config, context: BuilderContext) => Builder | "none";
  /** Looks at the tools that a build needs. */
  readonly examine?: (request: ExamineRequest<"build">, signal: AbortSignal) => Promise<readonly Finding[]>;
  /** Takes away the images that it has built on this machine, and no launch has used since. */
  readonly prune?: (request: PruneRequest, signal: AbortSignal) => Promise<PrunedImages>;
};

export type PrunedImage = {
  readonly name: string;
  readonly digest: string;
  /** Layers that other images share included; those stay. */
  readonly bytes: number;
};

export type PrunedImages = {
  readonly removed: readonly PrunedImage[];
  /** Old, but needed by somebody. */
  readonly kept: readonly { readonly name: string; readonly why: string }[];
  /** Why images could not be looked at, where they couldn't. */
  readonly problem?: string;
};

/** What others need to know of a builder, without loading its plug-in. */
export type BuilderTraits<Config> = {
  /** Whether it makes images; without, the code runs as it is, or is mounted into a base image. */
  readonly builds: boolean;
  /** The fields of a config that reach further than an image's build (the host's network, its files, secrets): a config that nobody named can't have them. */
  readonly reaches: (config: Config) => readonly string[];
  /** What of a config doesn't go together, or with the registry beside it. */
  readonly faults?: (config: Config, place: { readonly hasRegistry: boolean }) => readonly FieldFault[];
};
