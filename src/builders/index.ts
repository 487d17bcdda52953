import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { FieldFault } from "../core/field-fault.ts";
import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { PruneRequest } from "../core/pruning.ts";
import type { Builder, BuilderContext, PrunedImages } from "./builder.ts";
import { dockerBuilderSchema } from "./docker/schema.ts";
import { dockerBuilderTraits } from "./docker/traits.ts";
import { kanikoBuilderSchema } from "./kaniko/schema.ts";
import { kanikoBuilderTraits } from "./kaniko/traits.ts";
import { noopBuilderSchema } from "./noop/schema.ts";
import { noopBuilderTraits } from "./noop/traits.ts";

/** The builders by `type`. One whose `load` is undefined is understood in a config, and refused at launch: its plug-in is not there yet. */
export const builders = {
  docker: { schema: dockerBuilderSchema, traits: dockerBuilderTraits, load: () => import("./docker/index.ts") },
  kaniko: { schema: kanikoBuilderSchema, traits: kanikoBuilderTraits, load: undefined },
  noop: { schema: noopBuilderSchema, traits: noopBuilderTraits, load: () => import("./noop/index.ts") },
} as const;

export type BuilderConfig = z.output<(typeof builders)[keyof typeof builders]["schema"]>;

/** Where a launch config names none. */
export const defaultBuilder: BuilderConfig = { type: "docker" };

/** Whether a config's builder makes images. */
export function buildsImages({ type }: BuilderConfig): boolean {
  return builders[type].traits.builds;
}

/** What of a builder's config doesn't go together. */
export function builderFaults(config: BuilderConfig, place: { readonly hasRegistry: boolean }): readonly FieldFault[] {
  switch (config.type) {
    case "docker":
      return builders.docker.traits.faults?.(config, place) ?? [];
    case "kaniko":
      return builders.kaniko.traits.faults?.(config, place) ?? [];
    case "noop":
      return builders.noop.traits.faults?.(config, place) ?? [];
  }
}

/** The fields of a builder's config that reach further than an image's build. */
export function builderReaches(config: BuilderConfig): readonly string[] {
  switch (config.type) {
    case "docker":
      return builders.docker.traits.reaches(config);
    case "kaniko":
      return builders.kaniko.traits.reaches(config);
    case "noop":
      return builders.noop.traits.reaches(config);
  }
}

/** Loads a builder's plug-in and opens it. Throws `unsupported` for one that is not there yet. */
export async function openBuilder(config: BuilderConfig, context: BuilderContext): Promise<Builder | "none"> {
  switch (config.type) {
    case "docker":
      return (await builders.docker.load()).plugin.create(config, context);
    case "noop":
      return (await builders.noop.load()).plugin.create(config, context);
    case "kaniko":
      throw new LaunchError("unsupported", `builder "kaniko" is not in this version; use docker or noop`);
  }
}

/** What the builders find of the tools that they need; `use` is the config of the one that is to build. */
export async function examineBuilders(
  { use, ...place }: ExamineRequest<BuilderConfig>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const usedAs = (type: BuilderConfig["type"]): "build" | undefined => (use?.type === type ? "build" : undefined);
  const [docker, noop] = await Promise.all([builders.docker.load(), builders.noop.load()]);
  const found = await Promise.all([
    docker.plugin.examine?.({ ...place, use: usedAs("docker") }, signal),
    noop.plugin.examine?.({ ...place, use: usedAs("noop") }, signal),
  ]);
  return found.flatMap((findings) => findings ?? []);
}

/** Takes away images that were built on this machine, and no launch has used since. */
export async function pruneBuilders(request: PruneRequest, signal: AbortSignal): Promise<PrunedImages> {
  const { plugin } = await builders.docker.load();
  return (await plugin.prune?.(request, signal)) ?? { removed: [], kept: [] };
}
