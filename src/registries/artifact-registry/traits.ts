import type { RegistryTraits } from "../registry.ts";
import type { ArtifactRegistryConfig } from "./schema.ts";

export const artifactRegistryTraits: RegistryTraits<ArtifactRegistryConfig> = {
  cloud: "Google Cloud",
  placeOfHost: (host) => {
    const region = /^([a-z0-9-]+)-docker\.pkg\.dev$/.exec(host)?.[1];
    return region === undefined ? undefined : { cloud: "Google Cloud", region };
  },
  faults: ({ type, uri, repository, region }) =>
    uri === undefined && (repository === undefined || region === undefined)
      ? [{ field: "type", message: `registry ${type} needs a uri, or region and repository` }]
      : [],
};
