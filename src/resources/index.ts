import { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { PrunedFolder, PruneRequest } from "../core/pruning.ts";
import type { Resource, ResourceContext, ResourceTraits, ResourceUse } from "./resource.ts";
import { kubernetesArgsSchema } from "./kubernetes/schema.ts";
import { kubernetesTraits } from "./kubernetes/traits.ts";
import { localContainerArgsSchema } from "./local-container/schema.ts";
import { localContainerTraits } from "./local-container/traits.ts";
import { localProcessArgsSchema } from "./local-process/schema.ts";
import { localProcessTraits } from "./local-process/traits.ts";
import { sagemakerArgsSchema } from "./sagemaker/schema.ts";
import { sagemakerTraits } from "./sagemaker/traits.ts";
import { vertexArgsSchema } from "./vertex/schema.ts";
import { vertexTraits } from "./vertex/traits.ts";

/** The resources by name. One whose `load` is undefined is understood in a spec, and refused at launch: its plug-in is not there yet. */
export const resources = {
  kubernetes: { schema: kubernetesArgsSchema, traits: kubernetesTraits, load: undefined },
  "local-container": {
    schema: localContainerArgsSchema,
    traits: localContainerTraits,
    load: () => import("./local-container/index.ts"),
  },
  "local-process": {
    schema: localProcessArgsSchema,
    traits: localProcessTraits,
    load: () => import("./local-process/index.ts"),
  },
  sagemaker: { schema: sagemakerArgsSchema, traits: sagemakerTraits, load: undefined },
  vertex: { schema: vertexArgsSchema, traits: vertexTraits, load: undefined },
} as const;
export type ResourceName = keyof typeof resources;

/** Of a spec that names none. */
export const defaultResource = "local-container" satisfies ResourceName;

/** For code that runs as it is, with what this machine has. */
export const resourceWithoutImage = "local-process" satisfies ResourceName;

/** The one whose arguments are options of docker run, which have a flag of their own. */
export const resourceOfDockerOptions = "local-container" satisfies ResourceName;

/** Each resource's arguments, by the schema that its plug-in gives. */
export const resourceArgsSchema = z.strictObject({
  kubernetes: resources.kubernetes.schema.optional(),
  "local-container": resources["local-container"].schema.optional(),
  "local-process": resources["local-process"].schema.optional(),
  sagemaker: resources.sagemaker.schema.optional(),
  vertex: resources.vertex.schema.optional(),
});

/** The validated arguments of each resource, by its name. */
export type ResourceArgs = {
  readonly [Name in ResourceName]?: z.output<(typeof resources)[Name]["schema"]> | undefined;
};

export function isResourceName(name: string): name is ResourceName {
  return Object.hasOwn(resources, name);
}

/** What is known of the resource of this name; undefined for none of this version's. */
export function resourceTraits(name: ResourceName): ResourceTraits;
export function resourceTraits(name: string): ResourceTraits | undefined;
export function resourceTraits(name: string): ResourceTraits | undefined {
  return isResourceName(name) ? resources[name].traits : undefined;
}

/** W&B's other names for resources, and which each is. */
export const otherResourceNames: ReadonlyMap<string, string> = new Map(
  Object.entries(resources).flatMap(([name, { traits }]) => traits.otherNames.map((other) => [other, name] as const)),
);

/** Loads a resource's plug-in and opens it. Throws `unsupported` for one that is not there yet. */
export async function openResource(
  name: ResourceName,
  args: ResourceArgs,
  context: ResourceContext,
): Promise<Resource> {
  switch (name) {
    case "local-container":
      return (await resources[name].load()).plugin.create(args[name] ?? resources[name].schema.parse({}), context);
    case "local-process":
      return (await resources[name].load()).plugin.create(args[name] ?? resources[name].schema.parse({}), context);
    case "kubernetes":
    case "sagemaker":
    case "vertex":
      throw missing(name);
  }
}

/** Throws `unsupported` for a resource whose plug-in is not there yet, before anything is fetched or built for it. */
export function requireResource(name: ResourceName): void {
  if (resources[name].load === undefined) throw missing(name);
}

function missing(name: ResourceName): LaunchError {
  return new LaunchError(
    "unsupported",
    `resource "${name}" is not in this version; use local-process or local-container`,
  );
}

/** What opens resources: for a launch, and for whoever follows or ends what another has started. */
export type ResourceCatalog = { readonly require: typeof requireResource; readonly open: typeof openResource };

/** The resources of this version. */
export const ownResources: ResourceCatalog = { require: requireResource, open: openResource };

/** The one resource that a run would use, and its command. */
export type UsedResource = {
  readonly name: ResourceName;
  readonly args: ResourceArgs;
  readonly command: readonly string[] | undefined;
};

/** What the resources find of the tools that they need. */
export async function examineResources(
  { use, ...place }: ExamineRequest<UsedResource>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { "local-container": container, "local-process": process } = resources;
  const usedAs = <Args>(name: ResourceName, args: Args): ResourceUse<Args> | undefined =>
    use?.name === name ? { args, command: use.command } : undefined;
  const [inContainer, inProcess] = await Promise.all([container.load(), process.load()]);
  const found = await Promise.all([
    inContainer.plugin.examine?.(
      { ...place, use: usedAs("local-container", use?.args["local-container"] ?? container.schema.parse({})) },
      signal,
    ),
    inProcess.plugin.examine?.(
      { ...place, use: usedAs("local-process", use?.args["local-process"] ?? process.schema.parse({})) },
      signal,
    ),
  ]);
  return found.flatMap((findings) => findings ?? []);
}

/** Takes away what the resources keep on this machine for later runs, and none has used since. */
export async function pruneResources(request: PruneRequest): Promise<readonly PrunedFolder[]> {
  const loaded = await Promise.all([resources["local-container"].load(), resources["local-process"].load()]);
  const pruned: PrunedFolder[] = [];
  for (const { plugin } of loaded) pruned.push(...((await plugin.prune?.(request)) ?? []));
  return pruned;
}
