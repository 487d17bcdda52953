import type { z } from "zod";
import { LaunchError } from "../core/errors.ts";
import type { Builder, BuilderContext } from "./builder.ts";
import { dockerBuilderSchema } from "./docker/schema.ts";
import { kanikoBuilderSchema } from "./kaniko/schema.ts";
import { noopBuilderSchema } from "./noop/schema.ts";

/** The builders by `type`. One whose `load` is undefined is understood in a config, and refused at launch: its plug-in is not there yet. */
export const builders = {
  docker: { schema: dockerBuilderSchema, load: () => import("./docker/index.ts") },
  kaniko: { schema: kanikoBuilderSchema, load: undefined },
  noop: { schema: noopBuilderSchema, load: () => import("./noop/index.ts") },
} as const;

export type BuilderConfig = z.output<(typeof builders)[keyof typeof builders]["schema"]>;

/** Loads a builder's plug-in and opens it. Throws `unsupported` for one that is not there yet. */
export async function openBuilder(config: BuilderConfig, context: BuilderContext): Promise<Builder | "none"> {
  switch (config.type) {
    case "docker":
      return (await builders.docker.load()).plugin.create(config, context);
    case "noop":
      return (await builders.noop.load()).plugin.create(config, context);
    case "kaniko":
      throw new LaunchError("unsupported", `builder "kaniko" is not in this version; use docker or noop`);
  }
}
