import type { RegistryPlugin } from "../registry.ts";
import type { GenericRegistryConfig } from "./schema.ts";

export const plugin: RegistryPlugin<GenericRegistryConfig> = {
  create: (config) => ({
    repositoryFor: (imageName) => (config.uri.endsWith("/") ? `${config.uri}${imageName}` : config.uri),
    credential: () => Promise.resolve(undefined),
  }),
};
