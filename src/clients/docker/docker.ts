import type { ErrorCode } from "../../core/errors.ts";
import {
  type CommandRequest,
  type CommandResult,
  execute,
  executeOrThrow,
  type GroupRequest,
  type ProcessGroup,
  startGroup,
} from "../../core/process.ts";

export type DockerRequest = {
  readonly args: readonly string[];
  /** What it is for, as a phrase: "removing the container train-01jd8x4m2q". */
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** A file's descriptor as standard input instead, for `--env-file /dev/stdin`. */
  readonly inputDescriptor?: number;
  /** Besides the launcher's own environment (DOCKER_HOST, DOCKER_CONTEXT and the rest are the user's choice). */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default 60 s: enough for what the engine answers at once. Pulls and builds say more. */
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
};

/** No hints after a command's own words: what it says is read by us and shown to people. */
const quiet = { DOCKER_CLI_HINTS: "false" } as const;

export function dockerEnvironment(extra: DockerRequest["env"]): Readonly<Record<string, string | undefined>> {
  return { ...process.env, ...quiet, ...extra };
}

function commandOf(request: DockerRequest): CommandRequest {
  return {
    command: "docker",
    args: request.args,
    doing: request.doing,
    env: dockerEnvironment(request.env),
    signal: request.signal,
    timeoutMs: request.timeoutMs ?? 60_000,
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.input === undefined ? {} : { input: request.input }),
    ...(request.inputDescriptor === undefined ? {} : { inputDescriptor: request.inputDescriptor }),
    ...(request.maxOutputBytes === undefined ? {} : { maxOutputBytes: request.maxOutputBytes }),
  };
}

/** Runs `docker ARGS` and returns what it said, whatever its exit code. */
export function docker(request: DockerRequest): Promise<CommandResult> {
  return execute(commandOf(request));
}

/** Runs `docker ARGS`, which must succeed, and returns its standard output. */
export function dockerOrThrow(request: DockerRequest, code: ErrorCode): Promise<Buffer> {
  return executeOrThrow(commandOf(request), code);
}

export type DockerGroupRequest = Pick<DockerRequest, "args" | "doing" | "cwd" | "env"> & Pick<GroupRequest, "stdin">;

/** Starts a `docker ARGS` that lives on (`run`, `logs --follow`), at the head of its own process group. */
export function startDocker(request: DockerGroupRequest): Promise<ProcessGroup> {
  return startGroup({
    command: "docker",
    args: request.args,
    doing: request.doing,
    env: dockerEnvironment(request.env),
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    ...(request.stdin === undefined ? {} : { stdin: request.stdin }),
  });
}
