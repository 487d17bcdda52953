import { LaunchError } from "../../core/errors.ts";
import type { ResourcePlugin } from "../resource.ts";
import type { LocalProcessArgs } from "./schema.ts";

export const plugin: ResourcePlugin<LocalProcessArgs> = {
  create: () => {
    throw new LaunchError("unsupported", "being written");
  },
};
