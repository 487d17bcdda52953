import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { Resource, ResourceContext } from "./resource.ts";
import { kubernetesArgsSchema } from "./kubernetes/schema.ts";
import { localContainerArgsSchema } from "./local-container/schema.ts";
import { localProcessArgsSchema } from "./local-process/schema.ts";
import { sagemakerArgsSchema } from "./sagemaker/schema.ts";
import { vertexArgsSchema } from "./vertex/schema.ts";

/** The resources by name. One whose `load` is undefined is understood in a spec, and refused at launch: its plug-in is not there yet. */
export const resources = {
  kubernetes: { schema: kubernetesArgsSchema, load: undefined },
  "local-container": { schema: localContainerArgsSchema, load: () => import("./local-container/index.ts") },
  "local-process": { schema: localProcessArgsSchema, load: () => import("./local-process/index.ts") },
  sagemaker: { schema: sagemakerArgsSchema, load: undefined },
  vertex: { schema: vertexArgsSchema, load: undefined },
} as const;
export type ResourceName = keyof typeof resources;

/** The validated arguments of each resource, by its name. */
export type ResourceArgs = {
  readonly [Name in ResourceName]?: z.output<(typeof resources)[Name]["schema"]> | undefined;
};

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
