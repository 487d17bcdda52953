import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runAgent } from "../../../src/agent/agent.ts";
import type { AgentResult, AgentServices, AskedAgent, ServedStore } from "../../../src/agent/request.ts";
import type { Json } from "../../../src/core/json.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { enqueue } from "../../../src/queueing/enqueue.ts";
import type { EnqueueRequest } from "../../../src/queueing/enqueue-request.ts";
import { lookUpDefinition } from "../../../src/queueing/queue-definitions.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../src/stores/location.ts";
import type { QueueEntry } from "../../../src/stores/queue-store.ts";
import { findMarkedProcesses } from "../../../src/core/process-identity.ts";
import { compileCache } from "../cli/compile-cache.ts";
import { agentServices, lineLog, servedStore } from "./agent-services.ts";
import { queuedLaunch } from "../launch/queued-launch.ts";

/** What every job of these tests does: says that it begins, does its script, says that it ended. */
const job = `echo "begin $LAUNCH_RUN_ID $LAUNCH_ATTEMPT" >> "$JOBS"
sh -c "$1"
code=$?
echo "end $LAUNCH_RUN_ID $LAUNCH_ATTEMPT $code" >> "$JOBS"
exit $code
`;

export type JobEvent = { readonly what: string; readonly runId: string; readonly attempt: number };

/** What a test would have otherwise: of the machine, and of the one store. */
type Changes = Partial<AgentServices & ServedStore>;

/** Where an agent is: what its machine is called, its own state folder, and the URL of a cluster that its runs may be in. */
type Machine = { readonly host?: string; readonly state?: string; readonly cluster?: string };

/** A place with a store of its own (or the one at this URL), a folder of code, and agents on it. */
export async function agentPlace(url?: string) {
  const folder = await mkdtemp(join(tmpdir(), "launch-agent-"));
  const state = stateDirectoryAt(join(folder, "state"));
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const log = lineLog(keep);
  const location = url === undefined ? fileStoreLocation(join(folder, "store.git")) : parseStoreUrl(url);
  const store = await openStore(location, { log, stateDirectory: state });
  const code = join(folder, "code");
  await mkdir(code);
  await writeFile(join(code, "job.sh"), job);
  await chmod(join(code, "job.sh"), 0o755);
  const jobs = join(folder, "jobs.txt");
  const services = (queues: readonly string[], changes: Changes = {}): AgentServices => {
    const stores = [servedStore({ store, queues, ...changes })];
    return agentServices({ log, state, stores, ...changes });
  };
  const children: ChildProcess[] = [];
  return {
    folder,
    /** Of its store. */
    url: url ?? location.url,
    state,
    store,
    lines,
    /** Enqueues runs that do these scripts, and returns their ids. */
    enqueue: (
      scripts: readonly string[],
      spec: Readonly<Record<string, Json>> = {},
      asked: Partial<Omit<EnqueueRequest, "launches">> = {},
    ) =>
      enqueueScripts({
        scripts,
        spec,
        asked,
        code,
        jobs,
        services: { ...services([]), ...servedStore({ store, queues: [] }) },
      }),
    /** What the jobs themselves have said, in order. */
    jobs: (): readonly JobEvent[] =>
      (existsSync(jobs) ? readFileSync(jobs, "utf8") : "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
          const [what = "", runId = "", attempt = ""] = line.split(" ");
          return { what, runId, attempt: Number(attempt) };
        }),
    entries: async (): Promise<readonly QueueEntry[]> =>
      (await store.snapshot("all", new AbortController().signal)).entries,
    run: (
      request: Partial<AskedAgent> = {},
      changes: Changes = {},
      signal: AbortSignal = new AbortController().signal,
    ): Promise<AgentResult> => {
      const asked = agentRequest(request);
      return runAgent(asked, services(asked.queues, changes), signal);
    },
    /** An agent in a process of its own, whose store refuses these verbs; it serves these other stores too. */
    spawn: async (
      request: Partial<AskedAgent> = {},
      refused: readonly string[] = [],
      others: readonly string[] = [],
      machine: Machine = {},
    ) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, "served-agent.ts")], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, ...compileCache },
      });
      children.push(child);
      child.stdin.end(
        JSON.stringify({
          request: agentRequest(request),
          state: state.path,
          stores: [url ?? location.url, ...others],
          refused,
          ...machine,
        }),
      );
      const output: string[] = [];
      child.stdout.on("data", (data: Buffer) => output.push(data.toString()));
      await once(child.stdout, "data");
      return { child, output };
    },
    remove: async () => {
      for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await store.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
export type AgentPlace = Awaited<ReturnType<typeof agentPlace>>;

export function agentRequest(request: Partial<AskedAgent>): AskedAgent {
  return {
    agent: "a1",
    queues: ["default"],
    maxJobs: 1,
    slots: {},
    lease: { ttlMs: 60_000, heartbeatMs: 20_000 },
    drain: true,
    idleTimeoutMs: undefined,
    timeLimitMs: undefined,
    onSignal: "drain",
    endedRuns: "requeue",
    job: undefined,
    ...request,
  };
}

type Scripts = {
  readonly scripts: readonly string[];
  readonly spec: Readonly<Record<string, Json>>;
  readonly asked: Partial<Omit<EnqueueRequest, "launches">>;
  readonly code: string;
  readonly jobs: string;
  readonly services: AgentServices & ServedStore;
};

async function enqueueScripts({ scripts, spec, asked, code, jobs, services }: Scripts): Promise<readonly string[]> {
  const { signal } = new AbortController();
  const launches = await Promise.all(
    scripts.map(async (script, index) => {
      const written = {
        name: `job-${index}`,
        queue: "default",
        ...(typeof spec["resource"] === "string" && spec["resource"] !== "local-process"
          ? { docker: { docker_image: "busybox:latest" }, overrides: { entry_point: ["sh", "-c", script] } }
          : {
              uri: code,
              resource: "local-process",
              overrides: { entry_point: ["sh", "job.sh"], args: [script] },
              env: { JOBS: jobs },
            }),
        ...spec,
      };
      return queuedLaunch({
        spec: written,
        context: { entity: "org", project: "demo" },
        definitionOf: (queue) => lookUpDefinition({ queue }, services.store, signal),
        code,
        leg: String(index),
      });
    }),
  );
  const { runs } = await enqueue(
    { launches, replace: undefined, idempotencyKey: undefined, ...asked },
    { ...services, storeIsHere: true, storeIsPublic: false },
    signal,
  );
  return runs.map(({ runId }) => runId);
}

/** Waits for something that comes by itself; the test's own time limit is the bound. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

/** The attempts that ran at the same time as another of the same run: there may be none. */
export function overlaps(events: readonly JobEvent[]): readonly string[] {
  const open = new Map<string, number>();
  const found: string[] = [];
  for (const { what, runId, attempt } of events) {
    const before = open.get(runId);
    if (what === "begin") {
      if (before !== undefined) found.push(`${runId} ${before} and ${attempt}`);
      open.set(runId, attempt);
    } else if (before === attempt) open.delete(runId);
  }
  return found;
}

/** Processes that are left of these runs. */
export async function processesOf(runIds: readonly string[]): Promise<readonly number[]> {
  const found = await Promise.all(runIds.map((runId) => findMarkedProcesses({ LAUNCH_RUN_ID: runId })));
  return found.flat().map(({ pid }) => pid);
}
