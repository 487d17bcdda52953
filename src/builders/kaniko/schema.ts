import { z } from "zod";

/** `builder: {type: kaniko}` with W&B's keys. */
export const kanikoBuilderSchema = z.strictObject({
  type: z.literal("kaniko"),
  destination: z.string().min(1).optional(),
  platform: z.enum(["linux/amd64", "linux/arm64"]).optional(),
  "build-context-store": z.string().min(1).optional(),
  "build-job-name": z.string().min(1).optional(),
  "secret-name": z.string().min(1).optional(),
  "secret-key": z.string().min(1).optional(),
  "kaniko-image": z.string().min(1).optional(),
  "kaniko-config": z.record(z.string(), z.json()).optional(),
});
export type KanikoBuilderConfig = z.output<typeof kanikoBuilderSchema>;
