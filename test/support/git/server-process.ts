import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { compileCache } from "../cli/compile-cache.ts";

/** What the server's program is told, as JSON in its first argument. */
export type ServerOrder = {
  /** Folder whose bare repositories are served. */
  readonly root: string;
  /** A file that gets a line for each request: its method and URL. */
  readonly noteRequestsIn?: string;
  /** This share of all pushes is done and then gets no answer; `seed` says which, and a file gets a character for each. */
  readonly dropAnswers?: { readonly share: number; readonly seed: number; readonly noteIn: string };
};

/** The git server of git-server.ts in a process of its own, at the head of a group with all its backends. */
export type ServerProcess = {
  readonly url: string;
  /** SIGKILL to the server and all that works for it: half-made writes and locks stay as they are. */
  kill(): Promise<void>;
  stop(): Promise<void>;
};

export async function startServerProcess(order: ServerOrder): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "server-program.ts"), JSON.stringify(order), String(process.pid)],
    { stdio: ["ignore", "pipe", "inherit"], detached: true, env: { ...process.env, ...compileCache } },
  );
  const url = await firstLineOf(child);
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    // The group's number is the child's: it has not been waited for, so nobody else has got it.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await exited;
  };
  return { url, kill: end, stop: end };
}

/** The first line that a child prints: the sign that it is ready. */
export async function firstLineOf(child: ChildProcess): Promise<string> {
  let said = "";
  child.stdout?.setEncoding("utf8");
  for (;;) {
    const stdout = child.stdout;
    if (stdout === null) throw new Error("the child has no stdout");
    const result = await Promise.race([
      once(stdout, "data").then(([text]) => String(text)),
      once(child, "exit").then(([code]) => new Error(`ended with ${String(code)} before it was ready: ${said}`)),
    ]);
    if (result instanceof Error) throw result;
    said += result;
    const end = said.indexOf("\n");
    if (end !== -1) return said.slice(0, end);
  }
}
