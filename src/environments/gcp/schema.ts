import { z } from "zod";

export const gcpEnvironmentSchema = z.strictObject({
  type: z.literal("gcp"),
  region: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
});
