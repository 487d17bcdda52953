import { z } from "zod";
import { type Buildx, type BuilderInfo, findBuildx, inspectBuilder } from "../../clients/docker/buildx.ts";
import type { LoginRequest } from "../../clients/docker/login.ts";
import { LaunchError } from "../../core/errors.ts";
import type { BuilderContext, BuildRequest } from "../builder.ts";
import { type Memory, memory } from "./memory.ts";
import type { DockerBuilderConfig } from "./schema.ts";

/** What planning and building share: the config, and what is found out about this machine's Docker once. */
export type DockerSession = {
  readonly config: DockerBuilderConfig;
  readonly context: BuilderContext;
  tool(signal: AbortSignal): Promise<Buildx>;
  memory(): Promise<Memory>;
  builder(signal: AbortSignal): Promise<BuilderInfo>;
};

const builderSchema = z.object({ name: z.string(), driver: z.string(), platform: z.string().optional() });
export const builderMemoryKey = "builder";

export function dockerSession(config: DockerBuilderConfig, context: BuilderContext): DockerSession {
  let tool: Promise<Buildx> | undefined;
  let remembered: Promise<Memory> | undefined;
  let builder: Promise<BuilderInfo> | undefined;
  const session: DockerSession = {
    config,
    context,
    tool: (signal) => (tool ??= findBuildx(signal)),
    memory: () => (remembered ??= memory(context.cacheDirectory)),
    builder: (signal) => (builder ??= findBuilder(session, signal)),
  };
  return session;
}

async function findBuilder(session: DockerSession, signal: AbortSignal): Promise<BuilderInfo> {
  const [tool, remembered] = await Promise.all([session.tool(signal), session.memory()]);
  const known = await remembered.get(builderMemoryKey, builderSchema);
  if (known !== undefined) return { ...known, platform: known.platform };
  const found = await inspectBuilder(tool, undefined, signal);
  const { name, driver, platform } = found;
  await remembered.set(builderMemoryKey, platform === undefined ? { name, driver } : { name, driver, platform });
  return found;
}

/** The registry's login, if it gives one. */
export function loginTo({ registry, scratch }: BuildRequest): Omit<LoginRequest, "mayBeLogin"> {
  return { credential: async (signal) => registry?.credential(signal), scratch };
}

/** The values of the secrets that the config names. */
export function secretValues(session: DockerSession): Readonly<Record<string, string>> {
  const given = session.context.buildSecrets ?? {};
  return Object.fromEntries(
    (session.config.secrets ?? []).map((name) => {
      const value = given[name];
      if (value === undefined) {
        throw new LaunchError(
          "bad-config",
          `builder.secrets names "${name}", and there is no secret of that name here; add it to the secrets of the launch config or the action`,
        );
      }
      return [name, value];
    }),
  );
}
