import { LaunchError } from "../../core/errors.ts";
import type { ResourcePlugin } from "../resource.ts";
import type { LocalContainerArgs } from "./schema.ts";

export const plugin: ResourcePlugin<LocalContainerArgs> = {
  create: () => {
    throw new LaunchError("unsupported", "being written");
  },
};
