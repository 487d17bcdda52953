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
