import { LaunchError } from "../../core/errors.ts";
import type { SourcePlugin } from "../source.ts";

export const plugin: SourcePlugin = {
  resolve: () => Promise.reject(new LaunchError("unsupported", "being written")),
};
