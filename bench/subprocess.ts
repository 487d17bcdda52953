import { spawn } from "node:child_process";

export type Command = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Set over this process's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What it must end with, else the figure would be that of a failure: 0 when left out. */
  readonly exitCode?: number;
};

export type Finished = { readonly seconds: number; readonly stdout: string; readonly lines: readonly TimedLine[] };
/** A line of standard output, and when it came: seconds since the start. */
export type TimedLine = { readonly text: string; readonly seconds: number };

/** Runs a command to its end. */
export async function finish(request: Command): Promise<Finished> {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const child = spawn(request.command, request.args, {
    cwd: request.cwd,
    env: { ...process.env, ...request.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: TimedLine[] = [];
  let stdout = "";
  let stderr = "";
  let unfinished = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const seconds = elapsed();
    const parts = (unfinished + text).split("\n");
    unfinished = parts.pop() ?? "";
    for (const part of parts) lines.push({ text: part, seconds });
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const seconds = elapsed();
  if (exitCode !== (request.exitCode ?? 0)) {
    const said = (stdout + stderr).trim().split("\n").slice(-20).join("\n");
    throw new Error(`${[request.command, ...request.args].join(" ")}: exit code ${exitCode ?? "none"}\n${said}`);
  }
  return { seconds, stdout, lines };
}

/**
 * User and system time of a command and of all children that it waited for, in ms. Node can't ask that about a child; bash's `time`
 * asks the kernel and adds nothing of its own. It has the resolution of a millisecond.
 */
export async function cpuOf(request: Command): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; exec 3>&1; { time "$@" >/dev/null 2>&4; } 4>/dev/null 2>&3';
  const args = ["-c", script, "bash", request.command, ...request.args];
  const { stdout } = await finish({ ...request, command: "bash", args });
  const [user, system] = stdout.trim().split(" ").map(Number);
  if (user === undefined || system === undefined) throw new Error(`bash's time said "${stdout}"`);
  return (user + system) * 1000;
}
