import type { RegistryTraits } from "../registry.ts";
import type { AcrRegistryConfig } from "./schema.ts";

export const acrRegistryTraits: RegistryTraits<AcrRegistryConfig> = {
  cloud: "Azure",
  placeOfHost: (host) => (host.endsWith(".azurecr.io") ? { cloud: "Azure", region: undefined } : undefined),
};
