import type { ErrorCode } from "../../core/errors.ts";
import { type CommandResult, execute, executeOrThrow } from "../../core/process.ts";

export type GitRequest = {
  readonly args: readonly string[];
  /** What it is for, as a phrase: "reading the commit HEAD". */
  readonly doing: string;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly input?: string | Uint8Array;
  /** Besides what every call gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default 60 s: enough for local work. Fetches and pushes say more. */
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
};

/** Never asks, never translates, never runs hooks' or a terminal's side of things, and takes no optional locks in a user's repository. */
const quiet = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GCM_INTERACTIVE: "never",
  GIT_ADVICE: "0",
} as const;

/** Variables that would point git at another repository than `cwd`'s (set inside hooks). */
const misleading = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"] as const;

function commandOf(request: GitRequest): Parameters<typeof execute>[0] {
  const inherited: Record<string, string | undefined> = { ...process.env };
  for (const name of misleading) inherited[name] = undefined;
  return {
    command: "git",
    args: request.args,
    doing: request.doing,
    cwd: request.cwd,
    env: { ...inherited, ...quiet, ...request.env },
    signal: request.signal,
    timeoutMs: request.timeoutMs ?? 60_000,
    ...(request.input === undefined ? {} : { input: request.input }),
    ...(request.maxOutputBytes === undefined ? {} : { maxOutputBytes: request.maxOutputBytes }),
  };
}

/** Runs git and returns what it said, whatever its exit code. */
export function git(request: GitRequest): Promise<CommandResult> {
  return execute(commandOf(request));
}

/** Runs git, which must succeed, and returns its standard output. */
export function gitOrThrow(request: GitRequest, code: ErrorCode): Promise<Buffer> {
  return executeOrThrow(commandOf(request), code);
}
