import { acrRegistrySchema } from "./acr/schema.ts";
import { artifactRegistrySchema } from "./artifact-registry/schema.ts";
import { ecrRegistrySchema } from "./ecr/schema.ts";
import { genericRegistrySchema } from "./generic/schema.ts";

/** The registries by `type`. One whose `load` is undefined is understood in a config, and refused at launch: its plug-in is not there yet. */
export const registries = {
  acr: { schema: acrRegistrySchema, load: undefined },
  "artifact-registry": { schema: artifactRegistrySchema, load: undefined },
  ecr: { schema: ecrRegistrySchema, load: undefined },
  generic: { schema: genericRegistrySchema, load: () => import("./generic/index.ts") },
} as const;
