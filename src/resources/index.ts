import { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { ExamineRequest, Finding } from "../core/finding.ts";
import type { PrunedFolder, PruneRequest } from "../core/pruning.ts";
import type { Resource, ResourceContext, ResourceTraits, ResourceUse, SharedContext } from "./resource.ts";
import { type OpenedPlugin, openPlugin } from "./shared-life.ts";
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

/**
 * What opens resources in one process: for its launches, and for whoever follows or ends what another has started. What runs share at
 * a resource begins at the first need of it and ends with `close`, which its owner calls once nobody needs it any more.
 */
export type ResourceCatalog = {
  /** Throws `unsupported` for a resource whose plug-in is not there yet, before anything is fetched or built for it. */
  require(name: ResourceName): void;
  /** Loads a resource's plug-in and makes the resource of one run. Throws `unsupported` for one that is not there yet. */
  open(name: ResourceName, args: ResourceArgs, context: ResourceContext): Promise<Resource>;
  /** Never throws; fine when it was closed before. */
  close(): Promise<void>;
};

/** Opens a resource's plug-in in this process; it takes its own of a run's arguments. */
export type ResourceOpener = (context: SharedContext) => Promise<OpenedPlugin<ResourceArgs>>;

type Openers = Readonly<Partial<Record<ResourceName, ResourceOpener>>>;

const ownOpeners: Openers = {
  "local-container": async (context) => {
    const { load, schema } = resources["local-container"];
    const { create, close } = openPlugin((await load()).plugin, context);
    return { create: (args, own) => create(args["local-container"] ?? schema.parse({}), own), close };
  },
  "local-process": async (context) => {
    const { load, schema } = resources["local-process"];
    const { create, close } = openPlugin((await load()).plugin, context);
    return { create: (args, own) => create(args["local-process"] ?? schema.parse({}), own), close };
  },
};

/** The resources of this version, or others in the place of some of them. */
export function ownResources(context: SharedContext, others: Openers = {}): ResourceCatalog {
  const openers = { ...ownOpeners, ...others };
  const opened = new Map<ResourceName, Promise<OpenedPlugin<ResourceArgs>>>();
  const openerOf = (name: ResourceName): ResourceOpener => {
    const opener = openers[name];
    if (opener !== undefined) return opener;
    throw new LaunchError(
      "unsupported",
      `resource "${name}" is not in this version; use local-process or local-container`,
    );
  };
  return {
    require: openerOf,
    open: async (name, args, own) => {
      const opener = openerOf(name);
      const plugin = opened.get(name) ?? opener(context);
      opened.set(name, plugin);
      return (await plugin).create(args, own);
    },
    close: async () => {
      const closed = [...opened.values()].map(async (plugin) => (await plugin).close());
      // One that could not be loaded has nothing to end.
      await Promise.allSettled(closed);
    },
  };
}

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
