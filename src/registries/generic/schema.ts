import { z } from "zod";

/** Any OCI registry, with the login that Docker has on this machine. `uri` is a repository, or a prefix that image names are added to. */
export const genericRegistrySchema = z.strictObject({ type: z.literal("generic"), uri: z.string().min(1) });
export type GenericRegistryConfig = z.output<typeof genericRegistrySchema>;
