import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/*
 * GitHub's runner as far as an action's end is concerned, which act doesn't have: files for outputs, state and summary, and, on cancel,
 * SIGINT to the action's process alone, SIGTERM 7.5 s later, and the end of the whole tree 2.5 s after that.
 */

export type RunnerRequest = {
  /** The folder of the action. */
  readonly action: string;
  /** The checked-out project. */
  readonly workspace: string;
  /** An existing empty folder for the runner's own files. */
  readonly folder: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
};

export type RunnerStep = {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  log(): string;
  /** Resolves when the log has this text; rejects when the process ends before. */
  seen(text: string): Promise<void>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Cancels as the runner does; the last signal that was needed. */
  cancel(): Promise<"SIGINT" | "SIGTERM" | "SIGKILL">;
};

export type Runner = {
  main(): RunnerStep;
  post(): RunnerStep;
  outputs(): Readonly<Record<string, string>>;
  summary(): string;
};

const files = { output: "GITHUB_OUTPUT", state: "GITHUB_STATE", summary: "GITHUB_STEP_SUMMARY", env: "GITHUB_ENV" };

export function startRunner(request: RunnerRequest): Runner {
  const { folder } = request;
  mkdirSync(join(folder, "temp"));
  writeFileSync(join(folder, "event.json"), "{}");
  for (const name of Object.keys(files)) writeFileSync(join(folder, name), "");
  const environment = (): Record<string, string> => ({
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    CI: "true",
    GITHUB_ACTIONS: "true",
    GITHUB_EVENT_NAME: "push",
    GITHUB_EVENT_PATH: join(folder, "event.json"),
    GITHUB_REPOSITORY: "team/train",
    GITHUB_SERVER_URL: "http://127.0.0.1:9",
    GITHUB_API_URL: "http://127.0.0.1:9",
    GITHUB_RUN_ID: "1",
    GITHUB_WORKSPACE: request.workspace,
    RUNNER_OS: "Linux",
    RUNNER_TEMP: join(folder, "temp"),
    ...Object.fromEntries(Object.entries(files).map(([name, variable]) => [variable, join(folder, name)])),
    ...Object.fromEntries(
      Object.entries(request.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
    ...request.environment,
  });
  const start = (door: string, more: Readonly<Record<string, string>>): RunnerStep =>
    startStep(join(request.action, "bin", door), request.workspace, { ...environment(), ...more });
  const valuesOf = (name: keyof typeof files): Record<string, string> =>
    parseValues(readFileSync(join(folder, name), "utf8"));
  return {
    main: () => start("main.js", {}),
    post: () =>
      start(
        "post.js",
        Object.fromEntries(Object.entries(valuesOf("state")).map(([key, value]) => [`STATE_${key}`, value])),
      ),
    outputs: () => valuesOf("output"),
    summary: () => readFileSync(join(folder, "summary"), "utf8"),
  };
}

/** GitHub's form for files of values: `name<<END`, the lines, `END`. */
function parseValues(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n?\2$/gm)].map(([, name = "", , value = ""]) => [name, value]),
  );
}

function startStep(door: string, workspace: string, environment: Record<string, string>): RunnerStep {
  // A group of its own, so that a test can end whatever is left of it.
  const child = spawn(process.execPath, [door], { cwd: workspace, env: environment, detached: true, stdio: "pipe" });
  let log = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? "ended"));
  });
  const endsWithin = (ms: number): Promise<boolean> =>
    Promise.race([ended.then(() => true), delay(ms, false, { ref: false })]);
  return {
    process: child,
    log: () => log,
    ended,
    seen: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!log.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        void ended.then((how) => reject(new Error(`it ended (${how}) without "${text}":\n${log}`)));
        look();
      }),
    cancel: async () => {
      child.kill("SIGINT");
      if (await endsWithin(7_500)) return "SIGINT";
      child.kill("SIGTERM");
      if (await endsWithin(2_500)) return "SIGTERM";
      endGroup(child);
      await ended;
      return "SIGKILL";
    },
  };
}

/** Ends a step and its group at once, as the runner does at last, and as a test does in its clean-up. */
export function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** What the CLI of the same bundle prints for these words; throws with all of it when it fails. */
export function launchCli(
  action: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): string {
  const result = spawnSync(process.execPath, [join(action, "bin", "launch.js"), ...words], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...environment },
    encoding: "utf8",
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new Error(`launch ${words.join(" ")}: exit code ${result.status}\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
