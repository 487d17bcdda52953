import { z } from "zod";

const name = z.string().regex(/^[A-Za-z_]\w*$/, "a name of letters, digits and _");
/** As buildx writes a cache: `type=registry,ref=host/repository:cache`, or a reference. */
const cache = z.string().regex(/^[^\s]+$/, "a cache such as type=registry,ref=host/repository:cache");

/** `builder: {type: docker}` of the launch config. `destination` is the repository that images are pushed to. */
export const dockerBuilderSchema = z.strictObject({
  type: z.literal("docker"),
  destination: z.string().min(1).optional(),
  platform: z.enum(["linux/amd64", "linux/arm64"]).optional(),
  network: z.enum(["default", "none", "host"]).optional(),
  "build-args": z.record(name, z.string()).optional(),
  /** Caches that a build reads and writes besides the builder's own (`--cache-from`, `--cache-to`). */
  "cache-from": z.array(cache).optional(),
  "cache-to": z.array(cache).optional(),
  /** Names of secrets that a Dockerfile may mount (`RUN --mount=type=secret,id=NAME`); their values come from the launcher. */
  secrets: z.array(name).optional(),
  /** How long one build may take: `90 min`; default 1 h. */
  timeout: z
    .union([
      z.number().positive(),
      z.string().regex(/^\s*(?:\d+(?:\.\d+)?\s*(?:ms|sec|s|min|m|h|d)\s*)+$/i, "a duration such as 90 min or 2h"),
    ])
    .optional(),
  /** Ask the registry for newer base images also when the engine has them (`docker build --pull`). */
  pull: z.boolean().optional(),
  /** Run every step again, whatever the builder has cached (`docker build --no-cache`). */
  "no-cache": z.boolean().optional(),
  /** How manifests are written: Docker's schema 2, which every registry and service takes (SageMaker no other), or OCI's. */
  "media-types": z.enum(["docker", "oci"]).optional(),
});
export type DockerBuilderConfig = z.output<typeof dockerBuilderSchema>;
export type MediaTypes = NonNullable<DockerBuilderConfig["media-types"]>;

/** Never the builder's own choice: BuildKit's has changed, and one tag would have two digests. */
export const mediaTypesOf = (config: DockerBuilderConfig): MediaTypes => config["media-types"] ?? "docker";
