import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileCache } from "../cli/compile-cache.ts";

/** What the agent's program is told, as JSON in its first argument. */
export type AgentOrder = {
  readonly url: string;
  readonly agent: string;
  /** Its machine, so to say: what is left below it is found by who comes after it there, and by nobody else. */
  readonly state: string;
  readonly queues: readonly string[];
  readonly maxJobs: number;
  readonly ttlMs: number;
  readonly heartbeatMs: number;
  /** How far its wall clock is off. */
  readonly clockOffsetMs: number;
};

export type AgentProcess = {
  readonly order: AgentOrder;
  readonly child: ChildProcess;
  readonly exited: Promise<number | string>;
  signal(name: NodeJS.Signals): void;
  isThere(): boolean;
  log(): Promise<string>;
};

/** Starts an agent; `folder` keeps its log. Its environment is ours and `env`. */
export function startAgentProcess(
  order: AgentOrder,
  folder: string,
  env: Readonly<Record<string, string>>,
): AgentProcess {
  const logFile = join(folder, `${order.agent}.log`);
  const descriptor = openSync(logFile, "a");
  const child = spawn(process.execPath, [join(import.meta.dirname, "agent-program.ts"), JSON.stringify(order)], {
    stdio: ["ignore", descriptor, descriptor],
    env: { ...process.env, ...compileCache, ...env },
  });
  closeSync(descriptor);
  const exited = once(child, "exit").then(([code, signal]) => (typeof code === "number" ? code : String(signal)));
  return {
    order,
    child,
    exited,
    signal: (name) => void child.kill(name),
    isThere: () => child.exitCode === null && child.signalCode === null,
    log: () => readFile(logFile, "utf8"),
  };
}
