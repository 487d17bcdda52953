import type { BuilderPlugin } from "../builder.ts";
import type { NoopBuilderConfig } from "./schema.ts";

export const plugin: BuilderPlugin<NoopBuilderConfig> = { create: () => "none" };
