import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { type ErrorCode, LaunchError, messageOf, systemCode } from "./errors.ts";

/*
 * The one door to child processes. Every child is the head of its own process group (so that ending it ends its children too,
 * and a terminal's Ctrl-C reaches only us), gets an argv array and never a shell, has a deadline, and can be cancelled.
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export type CommandRequest = {
  readonly command: string;
  readonly args: readonly string[];
  /** What it is for, as a phrase that an error message continues: "exporting commit 3f9c2e1a7b40". */
  readonly doing: string;
  readonly cwd?: string;
  /** The whole environment; the launcher's own when left out. */
  readonly env?: Environment;
  readonly input?: string | Uint8Array;
  /** A file's descriptor as standard input, instead of `input`: for tools that open /dev/stdin, which can't be done with Node's pipes. */
  readonly inputDescriptor?: number;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** More output than this ends the command with an error. */
  readonly maxOutputBytes?: number;
  /** Gets standard error as it comes, for progress. */
  readonly onStderr?: (text: string) => void;
};

export type CommandResult = { readonly exitCode: number; readonly stdout: Buffer; readonly stderr: string };

export type ProcessExit =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "signalled"; readonly signal: NodeJS.Signals };

export type GroupRequest = Pick<CommandRequest, "command" | "args" | "doing" | "cwd"> & {
  readonly env: Environment;
  readonly stdin?: "ignore" | "pipe" | number;
};

/** A long-lived child at the head of its own process group. */
export type ProcessGroup = {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the head has exited; its pipes may still be held by its children. */
  readonly exited: Promise<ProcessExit>;
  /** Signals the whole group; false when nothing of it is left. */
  kill(signal: NodeJS.Signals): boolean;
  /** SIGTERM to the group, then SIGKILL after `graceMs`; resolves when nothing of the group is left. */
  end(graceMs: number): Promise<void>;
};

type SpawnedCommand = Pick<CommandRequest, "command" | "doing" | "cwd">;

const defaultMaxOutput = 16 * 1024 * 1024;
const killGraceMs = 2_000;

function spawnFailure({ command, doing, cwd }: SpawnedCommand, error: unknown): LaunchError {
  const options = { cause: error };
  const program = `${doing}: the program "${command}"`;
  if (cwd !== undefined && !existsSync(cwd)) {
    return new LaunchError("submit-failed", `${doing}: the folder ${cwd} is not there`, options);
  }
  if (systemCode(error) === "ENOENT") {
    const missing = command.includes("/") ? "is not there; check its path" : "is not on PATH; install it";
    return new LaunchError("tool-missing", `${program} ${missing}`, options);
  }
  if (systemCode(error) === "EACCES") {
    return new LaunchError(
      "submit-failed",
      `${program} is not executable; chmod +x it, or start it with its interpreter`,
      options,
    );
  }
  if (systemCode(error) === "E2BIG") {
    return new LaunchError(
      "submit-failed",
      `${program}: its arguments and variables are more than this system passes to a program; put the largest into a file`,
      options,
    );
  }
  return new LaunchError("submit-failed", `${program} could not be started: ${messageOf(error)}`, options);
}

/** Starts a long-lived group. Rejects with `tool-missing` when there is no such program. */
export async function startGroup(request: GroupRequest): Promise<ProcessGroup> {
  const child = spawnChild(request);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (exitCode, signal) =>
      resolve(signal === null ? { kind: "exited", exitCode: exitCode ?? 0 } : { kind: "signalled", signal }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(spawnFailure(request, error)));
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) throw spawnFailure(request, undefined);
  const kill = (signal: NodeJS.Signals): boolean => signalGroup(pid, signal);
  return {
    pid,
    child,
    stdout,
    stderr,
    exited,
    kill,
    end: async (graceMs) => {
      await endGroup(pid, graceMs);
      await exited;
    },
  };
}

/** Most failures come as an event; some (arguments or an environment that are too large) are thrown. */
function spawnChild(request: GroupRequest): ChildProcess {
  try {
    return spawn(request.command, request.args, {
      cwd: request.cwd,
      env: { ...request.env },
      detached: true,
      stdio: [request.stdin ?? "ignore", "pipe", "pipe"],
    });
  } catch (error) {
    throw spawnFailure(request, error);
  }
}

/** Signals a process group by its head's pid; false when nothing of it is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (systemCode(error) === "EPERM") return true;
    return false;
  }
}

/** Ends a process group: SIGTERM, then SIGKILL after `graceMs`. Resolves when nothing of it is left, or 2 s after the SIGKILL. */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  if (!signalGroup(pid, "SIGTERM")) return;
  if (await goneWithin(pid, graceMs)) return;
  signalGroup(pid, "SIGKILL");
  await goneWithin(pid, killGraceMs);
}

async function goneWithin(pid: number, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (let wait = 5; signalGroup(pid, 0); wait = Math.min(wait * 2, 100)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return true;
}

/**
 * Runs a tool to its end and returns its output, whatever its exit code (128 + n when a signal ended it).
 * Throws `tool-missing`, `timeout`, `cancelled`, or `submit-failed` when its output is over the bound.
 */
export async function execute(request: CommandRequest): Promise<CommandResult> {
  request.signal.throwIfAborted();
  const max = request.maxOutputBytes ?? defaultMaxOutput;
  const group = await startGroup({
    ...request,
    env: request.env ?? process.env,
    stdin: request.inputDescriptor ?? (request.input === undefined ? "ignore" : "pipe"),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let failure: LaunchError | undefined;
  let bytes = 0;
  const stop = (error: LaunchError): void => {
    failure ??= error;
    // What has left the group may hold the pipes for ever.
    void group.end(killGraceMs).then(() => {
      group.stdout.destroy();
      group.stderr.destroy();
    });
  };
  const collect = (into: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= max) into.push(chunk);
    else
      stop(new LaunchError("submit-failed", `${request.doing}: "${request.command}" printed more than ${max} bytes`));
  };
  group.stdout.on("data", collect(stdout));
  group.stderr.on("data", collect(stderr));
  const { onStderr } = request;
  if (onStderr !== undefined) group.stderr.on("data", (chunk: Buffer) => onStderr(chunk.toString()));
  group.child.stdin?.on("error", () => undefined).end(request.input);
  const onAbort = (): void =>
    stop(new LaunchError("cancelled", `${request.doing}: cancelled`, { cause: request.signal.reason }));
  request.signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () =>
      stop(
        new LaunchError(
          "timeout",
          `${request.doing}: "${request.command}" did not end within ${request.timeoutMs / 1000} s`,
        ),
      ),
    request.timeoutMs,
  );
  try {
    await new Promise((resolve) => group.child.once("close", resolve));
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", onAbort);
  }
  if (failure !== undefined) throw failure;
  const exit = await group.exited;
  return {
    exitCode: exit.kind === "exited" ? exit.exitCode : 128 + constants.signals[exit.signal],
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString(),
  };
}

/** Runs a tool that must exit with 0 and returns its standard output; else throws `code` with the tool's last words. */
export async function executeOrThrow(request: CommandRequest, code: ErrorCode): Promise<Buffer> {
  const result = await execute(request);
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr.trim().split("\n").slice(-10);
  throw new LaunchError(
    code,
    `${request.doing}: "${request.command}" ended with exit code ${result.exitCode}: ${said.at(-1) ?? ""}`,
    {
      detail: said.slice(0, -1),
    },
  );
}
