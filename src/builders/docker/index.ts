import { LaunchError } from "../../core/errors.ts";
import type { BuilderPlugin } from "../builder.ts";
import type { DockerBuilderConfig } from "./schema.ts";

export const plugin: BuilderPlugin<DockerBuilderConfig> = {
  create: () => {
    throw new LaunchError("unsupported", "being written");
  },
};
