import { awsEnvironmentSchema } from "./aws/schema.ts";
import { azureEnvironmentSchema } from "./azure/schema.ts";
import { gcpEnvironmentSchema } from "./gcp/schema.ts";

/** The cloud environments by `type`. Understood in a config, and refused at launch: their plug-ins are not there yet. */
export const environments = {
  aws: { schema: awsEnvironmentSchema, load: undefined },
  azure: { schema: azureEnvironmentSchema, load: undefined },
  gcp: { schema: gcpEnvironmentSchema, load: undefined },
} as const;
