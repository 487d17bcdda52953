import type { BuilderContext, BuilderPlugin } from "../builder.ts";
import { buildPlanned } from "./build.ts";
import { planBuild } from "./plan.ts";
import type { DockerBuilderConfig } from "./schema.ts";
import { dockerSession } from "./session.ts";

/** Images built by `docker buildx build`, with whichever builder this machine's Docker uses. */
export const plugin: BuilderPlugin<DockerBuilderConfig> = {
  create: (config: DockerBuilderConfig, context: BuilderContext) => {
    const session = dockerSession(config, context);
    return {
      plan: (request, signal) => planBuild(session, request, signal),
      build: (request, plan, signal) => buildPlanned(session, request, plan, signal),
    };
  },
};
