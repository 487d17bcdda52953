import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export type Ended = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export type RunningCommand = {
  readonly process: ChildProcess;
  /** Resolves when stdout has this text; rejects when the command ends before. */
  seen(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
};

export type CommandLine = {
  (...argv: readonly string[]): Promise<Ended>;
  start(...argv: readonly string[]): RunningCommand;
};

export type CommandLineRequest = {
  readonly directory: string;
  /** LAUNCH_STATE_HOME, and the home of the user. */
  readonly stateHome: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A launcher to start instead of the sources. */
  readonly launcher?: string;
};

const fromSources = join(import.meta.dirname, "../launch/launch-source.ts");

/** The command line, in a folder, with a state folder of its own and nothing of this user's. */
export function commandLine(request: CommandLineRequest): CommandLine {
  const { directory, stateHome, environment = {}, launcher = fromSources } = request;
  const start = (...argv: readonly string[]): RunningCommand => {
    const child = spawn(process.execPath, [launcher, ...argv], {
      cwd: directory,
      env: {
        PATH: process.env["PATH"],
        HOME: stateHome,
        GIT_CONFIG_GLOBAL: "/dev/null",
        LAUNCH_STATE_HOME: stateHome,
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
    const ended = once(child, "close").then(() => ({ exitCode: child.exitCode, ...said }));
    const seen = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!said.stdout.includes(text)) return;
          child.stdout.off("data", look);
          resolve();
        };
        child.stdout.on("data", look);
        look();
        void ended.then(({ stdout, stderr }) => reject(new Error(`"${text}" never came:\n${stdout}${stderr}`)));
      });
    return { process: child, seen, ended };
  };
  return Object.assign((...argv: readonly string[]) => start(...argv).ended, { start });
}
