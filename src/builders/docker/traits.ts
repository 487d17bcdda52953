import type { BuilderTraits } from "../builder.ts";
import type { DockerBuilderConfig } from "./schema.ts";

export const dockerBuilderTraits: BuilderTraits<DockerBuilderConfig> = { builds: true };
