import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { Registry } from "./registry.ts";
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

export type RegistryConfig = z.output<(typeof registries)[keyof typeof registries]["schema"]>;

/** Loads a registry's plug-in and opens it. Throws `unsupported` for one that is not there yet. */
export async function openRegistry(config: RegistryConfig): Promise<Registry> {
  switch (config.type) {
    case "generic":
      return (await registries.generic.load()).plugin.create(config);
    case "acr":
    case "artifact-registry":
    case "gcr":
    case "ecr":
      throw new LaunchError(
        "unsupported",
        `registry "${config.type}" is not in this version; log Docker in to it and use {type: generic, uri: REPOSITORY}`,
      );
  }
}
