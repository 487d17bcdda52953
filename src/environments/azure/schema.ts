import { z } from "zod";

export const azureEnvironmentSchema = z.strictObject({
  type: z.literal("azure"),
  region: z.string().min(1).optional(),
});
