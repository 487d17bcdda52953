import type { BuilderTraits } from "../builder.ts";
import type { DockerBuilderConfig } from "./schema.ts";

/** A key that is new is none of these until somebody has thought about it. */
const plain: readonly string[] = [
  "type",
  "destination",
  "platform",
  "build-args",
  "timeout",
  "pull",
  "no-cache",
  "media-types",
];

export const dockerBuilderTraits: BuilderTraits<DockerBuilderConfig> = {
  builds: true,
  reaches: (config) =>
    Object.keys(config).filter((field) => {
      if (field === "network") return config.network === "host";
      if (field === "cache-from" || field === "cache-to") return config[field]?.every(isRemoteCache) === false;
      return !plain.includes(field);
    }),
};

/** One that is kept where images are; `type=local` reads and writes folders of this machine, and others take credentials of its environment. */
function isRemoteCache(cache: string): boolean {
  const types = cache.split(",").filter((field) => /^"?type/i.test(field));
  return types.length === 0
    ? !cache.includes(",") && !cache.includes("=")
    : types.every((type) => type === "type=registry" || type === "type=inline");
}
