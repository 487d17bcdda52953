/**
 * What can go wrong, as a closed list. The code decides the exit code and is what machines match on;
 * the message is for people: what failed, with which value, what to do next.
 */
export const errorCodes = [
  "bad-usage",
  "bad-spec",
  "bad-config",
  "unsupported",
  "tool-missing",
  "source-failed",
  "patch-failed",
  "build-failed",
  "image-pull",
  "submit-failed",
  "refused",
  "not-found",
  "store-failed",
  "store-conflict",
  "machine-failed",
  "timeout",
  "cancelled",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A failure that a user can understand and act on. Anything else that is thrown is a bug and shows its stack. */
export class LaunchError extends Error {
  override readonly name = "LaunchError";
  readonly code: ErrorCode;
  /** Lines to show under the message: a caret, a build's last lines, a hunk. */
  readonly detail: readonly string[];

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; detail?: readonly string[] } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? [];
  }
}

/** Exit codes of the CLI (design: 0 succeeded, 1 the run failed, 2 usage or spec, 3 infrastructure, 130 cancelled). */
export const exitCodes = { succeeded: 0, runFailed: 1, usage: 2, infrastructure: 3, cancelled: 130 } as const;

const usageCodes: readonly ErrorCode[] = ["bad-usage", "bad-spec", "bad-config", "unsupported", "refused", "not-found"];
const runCodes: readonly ErrorCode[] = ["patch-failed", "build-failed"];

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof LaunchError)) return exitCodes.infrastructure;
  if (error.code === "cancelled") return exitCodes.cancelled;
  if (usageCodes.includes(error.code)) return exitCodes.usage;
  return runCodes.includes(error.code) ? exitCodes.runFailed : exitCodes.infrastructure;
}

/** The message of whatever was thrown. A path that is too long for the system is too long for people, too. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const paths = ["path" in error ? error.path : undefined, "dest" in error ? error.dest : undefined];
  return paths.reduce<string>(
    (message, path) => (typeof path === "string" ? message.replaceAll(path, () => shortPath(path)) : message),
    error.message,
  );
}

const shownOfPath = 200;

/** A path for people: of a very long one its beginning and its end. */
export function shortPath(path: string): string {
  if (path.length <= 2 * shownOfPath) return path;
  return `${path.slice(0, shownOfPath).toWellFormed()}…${path.slice(-shownOfPath).toWellFormed()}`;
}

/** The code of a Node system error (ENOENT, EEXIST, …), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function isFileMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/**
 * What the operating system refused at a path (a full or read-only disk, a file where a folder should be): words, and no bug. Undefined for
 * anything else. An error that was made of such a one is it, too.
 */
export function machineFault(error: unknown): LaunchError | undefined {
  if (error instanceof LaunchError) return error.code === "machine-failed" ? error : undefined;
  if (!comesFromSystem(error)) return undefined;
  return new LaunchError(
    "machine-failed",
    `${messageOf(error)}; look at what lies there and at the disk, or keep launch's state elsewhere with LAUNCH_STATE_HOME`,
    { cause: error },
  );
}

/** What was cut off in its wait by a cancel says only that it was aborted; its cause says why. Undefined for anything else. */
export function cutOff(error: unknown): LaunchError | undefined {
  if (!(error instanceof Error) || error.name !== "AbortError") return undefined;
  return error.cause instanceof LaunchError && error.cause.code === "cancelled" ? error.cause : undefined;
}

function comesFromSystem(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isSystem =
    systemCode(error) !== undefined && "syscall" in error && ("path" in error || "fd" in error || isDiskCode(error));
  return isSystem || comesFromSystem(error.cause);
}

/** These come without a path where a descriptor was written to. */
function isDiskCode(error: Error): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM", "EISDIR"].includes(
    systemCode(error) ?? "",
  );
}
