import { z } from "zod";

/** Azure Container Registry: `uri` is `NAME.azurecr.io/REPOSITORY`. */
export const acrRegistrySchema = z.strictObject({ type: z.literal("acr"), uri: z.string().min(1) });
export type AcrRegistryConfig = z.output<typeof acrRegistrySchema>;
