import { LaunchError } from "../../core/errors.ts";
import { type CommandResult, type Environment, execute } from "../../core/process.ts";

export type UvRequest = {
  readonly args: readonly string[];
  /** What it is for, as a phrase: "installing requirements.txt". */
  readonly doing: string;
  readonly cwd: string;
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
};

/** Runs uv, without colours and progress bars, and returns what it said, whatever its exit code. */
export async function uv(request: UvRequest): Promise<CommandResult> {
  try {
    return await execute({
      ...request,
      command: "uv",
      env: { ...request.env, NO_COLOR: "1", UV_NO_PROGRESS: "1" },
    });
  } catch (error) {
    if (!(error instanceof LaunchError) || error.code !== "tool-missing") throw error;
    throw new LaunchError(
      "tool-missing",
      `${request.doing}: uv is not on PATH; install it (https://docs.astral.sh/uv/getting-started/installation/, or pipx install uv)`,
      { cause: error },
    );
  }
}

/** Runs uv, which must succeed; else throws `submit-failed` with uv's last lines. */
export async function uvOrThrow(request: UvRequest): Promise<string> {
  const result = await uv(request);
  if (result.exitCode === 0) return result.stdout.toString().trim();
  throw new LaunchError("submit-failed", `${request.doing}: uv ended with exit code ${result.exitCode}`, {
    detail: result.stderr.trim().split("\n").slice(-40),
  });
}
