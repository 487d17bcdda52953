import { z } from "zod";

/** Google Artifact Registry with W&B's keys (its type is `gcr` there). */
export const artifactRegistrySchema = z.strictObject({
  type: z.enum(["artifact-registry", "gcr"]),
  uri: z.string().min(1).optional(),
  repository: z.string().min(1).optional(),
  "image-name": z.string().min(1).optional(),
  region: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
});
export type ArtifactRegistryConfig = z.output<typeof artifactRegistrySchema>;
