import type { RegistryTraits } from "../registry.ts";
import type { GenericRegistryConfig } from "./schema.ts";

/** It may be any: its host says where it is. */
export const genericRegistryTraits: RegistryTraits<GenericRegistryConfig> = { cloud: undefined };
