import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { requestHttp } from "../../../src/core/http.ts";
import { compileCache } from "../cli/compile-cache.ts";
import { firstLineOf } from "../git/server-process.ts";

/** What the cluster's program is told, as JSON in its first argument. */
export type ClusterOrder = {
  /** A run says so many lines, and has ended then. */
  readonly lines: number;
  readonly lineMs: number;
  /** From a request for a run to its start. */
  readonly startMs: number;
  /** How slow each answer is. */
  readonly answerMs: number;
};

export type ClusterRun = { log: string; exitCode: number | undefined };

export type Cluster = {
  readonly url: string;
  readonly order: ClusterOrder;
  /** How many runs it has started at all, and the names of those that were not removed. */
  seen(): Promise<{ readonly starts: number; readonly names: readonly string[] }>;
  /** Answers nobody who asks for a run, for so long; its runs go on. */
  leave(ms: number): Promise<void>;
  /** A request for a run, by nobody who would follow it. */
  submit(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** A cluster in a process of its own. */
export async function startCluster(asked: Partial<ClusterOrder> = {}): Promise<Cluster> {
  const order: ClusterOrder = { lines: 20, lineMs: 100, startMs: 0, answerMs: 0, ...asked };
  const program = join(import.meta.dirname, "cluster-program.ts");
  const child = spawn(process.execPath, [program, JSON.stringify(order), String(process.pid)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...compileCache },
  });
  const url = await firstLineOf(child);
  const parse: (json: string) => { readonly starts: number; readonly names: readonly string[] } = JSON.parse;
  const ask = async (method: string, path: string): Promise<string> => {
    const { signal } = new AbortController();
    const { body } = await requestHttp({ method, url: `${url}/${path}`, headers: {}, signal, timeoutMs: 10_000 });
    return body.toString();
  };
  return {
    url,
    order,
    seen: async () => parse(await ask("GET", "")),
    leave: async (ms) => {
      await ask("PUT", `?awayMs=${ms}`);
    },
    submit: async (name) => {
      await ask("POST", name);
    },
    stop: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}
