import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { launchEntry, type Workspace } from "./program.ts";
import { finish } from "./subprocess.ts";

/* `launch agent` and `launch run -q`, as users start them. */

export type AgentRequest = {
  readonly workspace: Workspace;
  /** Below this folder is the agent's state; another than the submitter's makes it another machine. */
  readonly state: string;
  /** The embedded store of that state when left out. */
  readonly store?: string | undefined;
  readonly flags?: readonly string[];
};

export type RunningAgent = {
  readonly pid: number;
  /** When a line of its output had this text, ms since the epoch. */
  said(text: string): Promise<number>;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>;
  /** Lets it end, as the first Ctrl-C does. */
  stop(): Promise<void>;
};

type Line = { readonly text: string; readonly at: number };

/** Starts an agent of the queue `default`; resolves when it serves it. */
export async function startAgent({ workspace, state, store, flags = [] }: AgentRequest): Promise<RunningAgent> {
  const child = spawn(process.execPath, [launchEntry, "agent", "-q", "default", ...storeFlags(store), ...flags], {
    cwd: workspace.folder,
    env: { ...process.env, ...workspace.env, LAUNCH_STATE_HOME: state },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined) throw new Error("the agent could not be started");
  const lines: Line[] = [];
  let told: () => void = () => undefined;
  let unfinished = "";
  stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (unfinished + text).split("\n");
    unfinished = parts.pop() ?? "";
    lines.push(...parts.map((part) => ({ text: part, at: Date.now() })));
    told();
  });
  let errors = "";
  stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const exited = once(child, "exit").then(() => told());
  const isThere = (): boolean => child.exitCode === null && child.signalCode === null;
  const said = async (text: string): Promise<number> => {
    for (;;) {
      const found = lines.find((line) => line.text.includes(text));
      if (found !== undefined) return found.at;
      if (!isThere()) throw new Error(`the agent ended before it said "${text}":\n${errors}`);
      await new Promise<void>((resolve) => (told = resolve));
    }
  };
  await said("serves default");
  return {
    pid,
    said,
    ended: exited.then(() => checkEnd(child, errors)),
    stop: async () => {
      if (isThere()) child.kill("SIGINT");
      await exited;
    },
  };
}

function checkEnd({ exitCode }: ChildProcess, errors: string): void {
  if (exitCode !== 0) throw new Error(`the agent ended with ${exitCode ?? "a signal"}:\n${errors}`);
}

function storeFlags(store: string | undefined): readonly string[] {
  return store === undefined ? [] : ["--store", store];
}

/** Of the runs made here, and with it the label of their containers. */
export const benchProject = `launch-bench-${process.pid}`;

export type QueuedCommand = {
  readonly workspace: Workspace;
  readonly state: string;
  readonly store?: string | undefined;
  readonly image: string;
  readonly command: readonly string[];
  /** As many runs of it, in one request. */
  readonly runs?: number;
};

/** Puts runs of a prebuilt image into the queue `default`; their ids, and how long the command took. */
export async function enqueueImage(
  request: QueuedCommand,
): Promise<{ readonly runIds: readonly string[]; readonly seconds: number }> {
  const { workspace, state, store, image, command, runs = 1 } = request;
  const each = runs === 1 ? [] : ["--each", `n=${Array.from({ length: runs }, (_, index) => index).join(",")}`];
  const what = ["--docker-image", image, "--resource", "local-container", "-p", benchProject, ...each];
  const { stdout, seconds } = await finish({
    command: process.execPath,
    args: [launchEntry, "run", "--queue=default", "--json", ...storeFlags(store), ...what, "-E", "--", ...command],
    cwd: workspace.folder,
    env: { ...workspace.env, LAUNCH_STATE_HOME: state },
  });
  const runIds = [...stdout.matchAll(/"run_id":"([^"]+)"/g)].flatMap(([, runId]) => runId ?? []);
  if (runIds.length !== runs) throw new Error(`${runIds.length} of ${runs} runs were enqueued:\n${stdout}`);
  return { runIds, seconds };
}

/** When each run of the store was written into its queue: run id → ms since the epoch. */
export async function enqueuedAt(
  request: Pick<QueuedCommand, "workspace" | "state" | "store">,
): Promise<ReadonlyMap<string, number>> {
  const { workspace, state, store } = request;
  const { stdout } = await finish({
    command: process.execPath,
    args: [launchEntry, "list", "--json", "--limit", "200", ...storeFlags(store)],
    cwd: workspace.folder,
    env: { ...workspace.env, LAUNCH_STATE_HOME: state },
  });
  const times = stdout.matchAll(/"run_id":"([^"]+)".*"enqueued_at":"([^"]+)"/g);
  return new Map([...times].map(([, runId = "", at = ""]) => [runId, Date.parse(at)]));
}
