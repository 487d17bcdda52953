import type { BuilderTraits } from "../builder.ts";
import type { NoopBuilderConfig } from "./schema.ts";

export const noopBuilderTraits: BuilderTraits<NoopBuilderConfig> = { builds: false, reaches: () => [] };
