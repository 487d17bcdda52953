import type { z } from "zod";
import { awsEnvironmentSchema } from "./aws/schema.ts";
import { awsEnvironmentTraits } from "./aws/traits.ts";
import { azureEnvironmentSchema } from "./azure/schema.ts";
import { azureEnvironmentTraits } from "./azure/traits.ts";
import type { Cloud } from "./environment.ts";
import { gcpEnvironmentSchema } from "./gcp/schema.ts";
import { gcpEnvironmentTraits } from "./gcp/traits.ts";

/** The cloud environments by `type`. Understood in a config, and refused at launch: their plug-ins are not there yet. */
export const environments = {
  aws: { schema: awsEnvironmentSchema, traits: awsEnvironmentTraits, load: undefined },
  azure: { schema: azureEnvironmentSchema, traits: azureEnvironmentTraits, load: undefined },
  gcp: { schema: gcpEnvironmentSchema, traits: gcpEnvironmentTraits, load: undefined },
} as const;

export type EnvironmentConfig = z.output<(typeof environments)[keyof typeof environments]["schema"]>;

/** The cloud of a config's environment. */
export function cloudOf({ type }: EnvironmentConfig): Cloud {
  return environments[type].traits.cloud;
}
