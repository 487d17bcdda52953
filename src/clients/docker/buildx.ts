import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LaunchError } from "../../core/errors.ts";
import { type CommandResult, execute, type ProcessGroup, startGroup } from "../../core/process.ts";
import { docker, dockerEnvironment, type DockerGroupRequest, type DockerRequest } from "./docker.ts";

/** How buildx is called: its plug-in itself where it is found, which saves the docker command's own start-up (40 ms a call). */
export type Buildx = { readonly command: string; readonly prefix: readonly string[] };

/** Where Docker's CLI looks for plug-ins. */
function pluginFolders(): readonly string[] {
  const system = ["/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"];
  return [join(dockerConfigFolder(), "cli-plugins"), ...system.map((folder) => `${folder}/docker/cli-plugins`)];
}

export function dockerConfigFolder(): string {
  const folder = process.env["DOCKER_CONFIG"];
  return folder === undefined || folder === "" ? join(homedir(), ".docker") : folder;
}

/** Finds buildx, or throws `tool-missing` with what to install. */
export async function findBuildx(signal: AbortSignal): Promise<Buildx> {
  for (const folder of pluginFolders()) {
    const command = join(folder, "docker-buildx");
    const found = await access(command, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return { command, prefix: [] };
  }
  const doing = "looking for Docker Buildx, which builds images";
  const { exitCode } = await docker({ args: ["buildx", "version"], doing, signal });
  if (exitCode === 0) return { command: "docker", prefix: ["buildx"] };
  throw new LaunchError(
    "tool-missing",
    `${doing}: this Docker has no buildx plug-in; install the package docker-buildx-plugin (https://docs.docker.com/go/buildx/), or use a prebuilt image`,
  );
}

/** Runs `buildx ARGS` and returns what it said, whatever its exit code. */
export function buildx(tool: Buildx, request: DockerRequest): Promise<CommandResult> {
  return execute({
    ...request,
    command: tool.command,
    args: [...tool.prefix, ...request.args],
    env: dockerEnvironment(request.env),
    timeoutMs: request.timeoutMs ?? 60_000,
  });
}

export function startBuildx(tool: Buildx, request: DockerGroupRequest): Promise<ProcessGroup> {
  return startGroup({
    ...request,
    command: tool.command,
    args: [...tool.prefix, ...request.args],
    env: dockerEnvironment(request.env),
  });
}

export type BuilderInfo = {
  readonly name: string;
  /** `docker` is the engine's own; `docker-container`, `kubernetes`, `remote` and `cloud` are a BuildKit beside it. */
  readonly driver: string;
  /** The platform that it builds when none is asked for; undefined when it doesn't say. */
  readonly platform: string | undefined;
};

/** Whether it can give files the commit's time. The engine's own builder unpacks what it makes, and refuses to rewrite times then. */
export function canRewrite(builder: BuilderInfo): boolean {
  return builder.driver !== "docker";
}

/** What the current builder is (`docker buildx inspect`, whose head is `Key: value` lines). Throws `tool-missing` when it can't be used. */
export async function inspectBuilder(
  tool: Buildx,
  env: DockerRequest["env"],
  signal: AbortSignal,
): Promise<BuilderInfo> {
  const doing = "asking which builder Docker Buildx uses";
  const result = await buildx(tool, { args: ["inspect"], doing, signal, ...(env === undefined ? {} : { env }) });
  const value = (key: string): string | undefined =>
    new RegExp(`^${key}:\\s+(\\S.*)$`, "m").exec(result.stdout.toString())?.[1]?.trim();
  const name = value("Name");
  const driver = value("Driver");
  const failed = value("Error") ?? (result.exitCode === 0 ? undefined : result.stderr.trim().replace(/^ERROR: /, ""));
  if (failed !== undefined || name === undefined || driver === undefined) {
    throw new LaunchError(
      "tool-missing",
      `${doing}: the builder "${name ?? process.env["BUILDX_BUILDER"] ?? "default"}" is not usable: ${failed ?? "it doesn't say what it is"}; is Docker running (docker info)?`,
    );
  }
  const platform = value("Platforms")?.split(",")[0]?.replace("*", "").trim();
  return { name, driver, platform };
}
