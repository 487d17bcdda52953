import { LaunchError } from "../../core/errors.ts";
import { docker } from "./docker.ts";

/** The version of the Docker engine that is used here. Throws `tool-missing` when none answers. */
export async function engineVersion(signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await docker({
    args: ["version", "--format", "{{.Server.Version}}"],
    doing: "asking the Docker engine's version",
    signal,
    timeoutMs: 15_000,
  });
  if (exitCode === 0) return `engine ${stdout.toString().trim()}`;
  const words = stderr.trim().split("\n").at(-1) ?? "";
  throw new LaunchError("tool-missing", `the docker command is here, its engine doesn't answer: ${words}`);
}
