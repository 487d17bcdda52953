import { z } from "zod";

/** `builder: {type: docker}` of the launch config. `destination` is the repository that images are pushed to. */
export const dockerBuilderSchema = z.strictObject({
  type: z.literal("docker"),
  destination: z.string().min(1).optional(),
  platform: z.enum(["linux/amd64", "linux/arm64"]).optional(),
  network: z.enum(["default", "none", "host"]).optional(),
  "build-args": z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string()).optional(),
});
export type DockerBuilderConfig = z.output<typeof dockerBuilderSchema>;
