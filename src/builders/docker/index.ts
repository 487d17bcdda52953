import { findBuildx } from "../../clients/docker/buildx.ts";
import { engineVersion } from "../../clients/docker/version.ts";
import { messageOf } from "../../core/errors.ts";
import { type ExamineRequest, type Finding, findingOf } from "../../core/finding.ts";
import { say } from "../../core/output/said.ts";
import type { BuilderContext, BuilderPlugin, BuiltImage } from "../builder.ts";
import { buildPlanned } from "./build.ts";
import { noteImage } from "./image-notes.ts";
import { planBuild } from "./plan.ts";
import { pruneImages } from "./prune.ts";
import type { DockerBuilderConfig } from "./schema.ts";
import { dockerSession } from "./session.ts";

/** Images built by `docker buildx build`, with whichever builder this machine's Docker uses. */
export const plugin: BuilderPlugin<DockerBuilderConfig> = {
  create: (config: DockerBuilderConfig, context: BuilderContext) => {
    const session = dockerSession(config, context);
    return {
      plan: (request, signal) => planBuild(session, request, signal),
      build: async (request, plan, signal) => {
        const built = await buildPlanned(session, { request, plan }, signal);
        await noteUse(built, context);
        return built;
      },
    };
  },
  examine,
  prune: pruneImages,
};

function examine({ use }: ExamineRequest<"build">, signal: AbortSignal): Promise<readonly Finding[]> {
  const needed = use === undefined ? undefined : "building the image";
  return Promise.all([
    findingOf({ subject: "docker", needed }, () => engineVersion(signal)),
    findingOf({ subject: "buildx", needed }, async () => `at ${(await findBuildx(signal)).command}`),
  ]);
}

/** Without its note an image is not found by `launch prune`; a launch doesn't fail for that. */
async function noteUse({ plan, reference, digest }: BuiltImage, { notes, log }: BuilderContext): Promise<void> {
  if (notes === undefined) return;
  const { images, environment, clock } = notes;
  const image = { name: plan.image, reference, digest };
  await noteImage(images, image, { environment, now: clock.now() }).catch((error: unknown) =>
    log.debug(say`the image ${image.name} could not be noted: ${messageOf(error)}`),
  );
}
