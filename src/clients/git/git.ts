import type { ErrorCode } from "../../core/errors.ts";
import { withoutCredentials } from "../../core/output/credentials.ts";
import { type CommandResult, type Environment, execute, executeOrThrow } from "../../core/process.ts";

export type GitConfig = readonly (readonly [key: string, value: string])[];

export type GitRequest = {
  readonly args: readonly string[];
  /** What it is for, as a phrase: "reading the commit HEAD". */
  readonly doing: string;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly input?: string | Uint8Array;
  /** Besides what every call gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration for this call, sent through the environment: a token in it is on no command line. Later entries win. */
  readonly config?: GitConfig;
  /** Default 60 s: enough for local work. Fetches and pushes say more. */
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
  /** Gets standard error as it comes, for progress. */
  readonly onStderr?: (text: string) => void;
};

/**
 * Never asks, never translates, and takes no optional locks in a user's repository. Speaks to nobody unless a call says by which protocols
 * it may: a repository that lacks an object would have git ask wherever its configuration says, by a program that it names.
 */
const quiet = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  // Empty, not absent: an absent one makes git try core.askPass and SSH_ASKPASS.
  GIT_ASKPASS: "",
  SSH_ASKPASS_REQUIRE: "never",
  GIT_OPTIONAL_LOCKS: "0",
  GCM_INTERACTIVE: "never",
  GIT_ADVICE: "0",
  GIT_ALLOW_PROTOCOL: "",
} as const;

/** Programs that a repository's configuration could have git start; what a call sets stands above every file. */
const noPrograms: GitConfig = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["log.showSignature", "false"],
];

/** Variables that would point git at another repository than `cwd`'s (set inside hooks). */
const misleading = [
  "GIT_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
] as const;

/** `GIT_CONFIG_*` of a call, behind what the environment sets that way already. */
function configEnvironment(config: GitConfig, inherited: Environment): Record<string, string> {
  const present = Number(inherited["GIT_CONFIG_COUNT"] ?? "0");
  const env: Record<string, string> = { GIT_CONFIG_COUNT: String(present + config.length) };
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${present + index}`] = key;
    env[`GIT_CONFIG_VALUE_${present + index}`] = value;
  });
  return env;
}

function commandOf(request: GitRequest): Parameters<typeof execute>[0] {
  const inherited: Record<string, string | undefined> = { ...process.env };
  for (const name of misleading) inherited[name] = undefined;
  return {
    command: "git",
    args: request.args,
    doing: request.doing,
    cwd: request.cwd,
    env: {
      ...inherited,
      ...quiet,
      ...configEnvironment([...noPrograms, ...(request.config ?? [])], inherited),
      ...request.env,
    },
    signal: request.signal,
    timeoutMs: request.timeoutMs ?? 60_000,
    ...(request.input === undefined ? {} : { input: request.input }),
    ...(request.maxOutputBytes === undefined ? {} : { maxOutputBytes: request.maxOutputBytes }),
    ...(request.onStderr === undefined ? {} : { onStderr: request.onStderr }),
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

/** git's own words of why it failed: without hints, without progress, and without what a URL in them may hold. */
export function wordsOf(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "remote:" && !isProgress(line));
  const fatal = lines.filter((line) => /^(?:fatal|error|remote|ssh|ERROR)/.test(line));
  if (fatal.length === 0) return withoutCredentials(lines.slice(-2).join("; "));
  // The first say what broke, the last what became of it.
  return withoutCredentials([...fatal.slice(0, 3), ...fatal.slice(3).slice(-1)].join("; "));
}

/** What git counts on either side, whatever it counts: `remote: Counting objects:   0% (1/302)`, `Receiving objects: 100% (3/3), done.` */
function isProgress(line: string): boolean {
  return (
    /^(?:remote: )?[A-Z][\w -]*: +(?:\d+% \(\d+\/\d+\)|\d+(?:, done\.?)?$|\d+, done)/.test(line) ||
    /^(?:remote: )?(?:Total \d+ \(delta|Delta compression using|Auto packing)/.test(line)
  );
}
