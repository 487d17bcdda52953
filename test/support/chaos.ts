import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../src/core/clock.ts";
import type { Json } from "../../src/core/json.ts";
import { silentLog } from "../../src/core/log.ts";
import { isFinal } from "../../src/core/run.ts";
import { stateDirectoryAt } from "../../src/core/state-directory.ts";
import { enqueue, type EnqueuedLaunch } from "../../src/launch/enqueue.ts";
import { lookUpDefinition } from "../../src/launch/queue-definitions.ts";
import { resolveSpec } from "../../src/spec/resolve.ts";
import type { QueueEntry, QueueSnapshot, QueueStore } from "../../src/stores/queue-store.ts";
import type { RunDocument } from "../../src/stores/store.ts";
import { type AgentOrder, type AgentProcess, startAgentProcess } from "./agent-process.ts";
import type { ChaosEngine } from "./chaos-engine.ts";
import { jobScript, type Ledger, makeLedger } from "./ledger.ts";

export type JobOptions = {
  /** How long each job takes. */
  readonly seconds?: number;
  readonly queue?: string;
  readonly spec?: Readonly<Record<string, Json>>;
};

/** Agents, runs, and what goes wrong with them. */
export type Chaos = {
  readonly engine: ChaosEngine;
  readonly store: QueueStore;
  readonly ledger: Ledger;
  readonly agents: AgentProcess[];
  /** A place below the folder that is gone at the end. */
  path(name: string): string;
  /** Enqueues runs named `<name>-1` … */
  enqueue(name: string, count: number, options?: JobOptions): Promise<readonly string[]>;
  start(order: Pick<AgentOrder, "agent"> & Partial<AgentOrder>): AgentProcess;
  snapshot(): Promise<QueueSnapshot>;
  /** Waits until all of these have ended. */
  ended(runIds: readonly string[], withinMs: number): Promise<void>;
  until(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void>;
  /** Tells the agents to end, and waits until they have. */
  leave(): Promise<void>;
  /** Counts what must be 0, by what the processes and the server have written. */
  count(runIds: readonly string[]): Promise<Count>;
  end(): Promise<void>;
};

export type Count = {
  /** Runs that are nowhere, or have not ended. */
  readonly lost: readonly string[];
  readonly endedTwice: readonly string[];
  /** Runs of which two processes were there at the same time, or one attempt was started twice. */
  readonly together: readonly string[];
  /** Runs whose end doesn't say why, or whose record doesn't know an attempt that its processes do. */
  readonly unexplained: readonly string[];
  readonly states: Readonly<Record<string, number>>;
  /** How many runs had a second attempt. */
  readonly retried: number;
};

export const nothingWrong = { lost: [], endedTwice: [], together: [], unexplained: [] } as const;

export type ChaosOptions = { readonly ttlMs: number; readonly maxJobs?: number };

export async function startChaos(
  make: (folder: string) => Promise<ChaosEngine>,
  { ttlMs, maxJobs = 2 }: ChaosOptions,
): Promise<Chaos> {
  const folder = await mkdtemp(join(tmpdir(), "launch-chaos-"));
  const code = join(folder, "code");
  for (const name of ["code", "logs"]) await mkdir(join(folder, name));
  await writeFile(join(code, "job.sh"), jobScript);
  const ledger = await makeLedger(join(folder, "ledger"));
  const engine = await make(folder);
  const store = await engine.watcher();
  const agents: AgentProcess[] = [];
  const signal = new AbortController().signal;
  let audited = false;

  const snapshot = (): Promise<QueueSnapshot> => store.snapshot("all", signal);
  const until: Chaos["until"] = async (what, withinMs, isSo) => {
    const deadline = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
      await delay(200);
    }
  };
  const leave = async (): Promise<void> => {
    for (const agent of agents) if (agent.isThere()) agent.signal("SIGTERM");
    await Promise.all(agents.map(({ exited }) => exited));
  };
  return {
    engine,
    store,
    ledger,
    agents,
    path: (name) => join(folder, name),
    enqueue: async (name, count, options = {}) => {
      const launches = await Promise.all(
        Array.from({ length: count }, (_, index) => launchOf(`${name}-${index + 1}`, options, { store, code, ledger })),
      );
      const services = {
        log: silentLog,
        clock: systemClock,
        state: stateDirectoryAt(join(folder, "submitter")),
        store,
        storeIsHere: true,
        storeIsPublic: false,
        environment: process.env,
        tokens: {},
        launcher: { version: "test", host: hostname(), platform: "test", node: process.versions.node },
      };
      const { runs } = await enqueue({ launches, replace: undefined, idempotencyKey: undefined }, services, signal);
      if (!audited) await engine.audit();
      audited = true;
      return runs.map(({ runId }) => runId);
    },
    start: (order) => {
      const whole: AgentOrder = {
        url: engine.url,
        state: join(folder, "machines", order.agent),
        queues: ["default"],
        maxJobs,
        ttlMs,
        heartbeatMs: ttlMs / 3,
        clockOffsetMs: 0,
        ...order,
      };
      const agent = startAgentProcess(whole, join(folder, "logs"), {});
      agents.push(agent);
      return agent;
    },
    snapshot,
    ended: (runIds, withinMs) =>
      until(`the end of ${runIds.length} runs`, withinMs, async () => {
        const { entries } = await snapshot();
        const places = new Map(entries.map(({ run, place }) => [run.run_id, place]));
        return runIds.every((runId) => places.get(runId) === "ended");
      }),
    until,
    leave,
    count: (runIds) => countOf(runIds, { engine, store, ledger, signal }),
    end: async () => {
      for (const agent of agents) {
        if (!agent.isThere()) continue;
        agent.signal("SIGKILL");
        await agent.exited;
      }
      await store.close();
      await engine.stop();
      if (process.env["LAUNCH_CHAOS_KEEP"] === undefined)
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      else process.stderr.write(`kept: ${folder}\n`);
    },
  };
}

type Place = { readonly store: QueueStore; readonly code: string; readonly ledger: Ledger };

async function launchOf(
  name: string,
  { seconds = 0, queue = "default", spec = {} }: JobOptions,
  { store, code, ledger }: Place,
): Promise<EnqueuedLaunch> {
  const written = {
    name,
    run_id: name,
    uri: code,
    resource: "local-process",
    queue,
    env: { LEDGER: ledger.folder },
    overrides: { entry_point: ["sh", "job.sh"], args: [String(seconds)] },
    ...spec,
  };
  const resolution = await resolveSpec({
    spec: { name: "launch.yaml", text: JSON.stringify(written) },
    overlays: [],
    context: { entity: "org", project: "chaos", name },
    queue: {
      role: "submitter",
      submittersTrusted: true,
      definitionOf: (wanted) => lookUpDefinition(wanted, store, new AbortController().signal),
    },
  });
  if (resolution.kind === "faults") throw new Error(resolution.faults.map(({ message }) => message).join("\n"));
  const { queue: merged } = resolution;
  if (merged === undefined) throw new Error("the spec names no queue");
  const request = {
    spec: resolution.spec,
    config: resolution.config,
    baseDirectory: code,
    includeUntracked: true,
    warnings: resolution.warnings,
    secrets: {},
    by: "ada",
    ci: undefined,
  };
  return { request, queue: merged, leg: name };
}

type Counted = Pick<Chaos, "engine" | "store" | "ledger"> & { readonly signal: AbortSignal };

async function countOf(runIds: readonly string[], { engine, store, ledger, signal }: Counted): Promise<Count> {
  const [{ entries }, lines, ends] = await Promise.all([store.snapshot("all", signal), ledger.read(), engine.ends()]);
  const found = Map.groupBy(entries, ({ run }) => run.run_id);
  const endsOf = Map.groupBy(ends, (runId) => runId);
  const problems = {
    lost: [] as string[],
    endedTwice: [] as string[],
    together: [] as string[],
    unexplained: [] as string[],
  };
  const states: Record<string, number> = {};
  let retried = 0;
  for (const runId of runIds) {
    const [entry, ...others] = found.get(runId) ?? [];
    if (entry?.place !== "ended") {
      problems.lost.push(runId);
      continue;
    }
    const { state, reason } = entry.run;
    const name = reason === undefined ? state : `${state} (${reason})`;
    states[name] = (states[name] ?? 0) + 1;
    const own = lines.get(runId) ?? [];
    const starts = own.filter(({ event }) => event === "start").map(({ attempt }) => attempt);
    if (others.length > 0 || (endsOf.get(runId) ?? []).length > 1) problems.endedTwice.push(runId);
    if (own.some(({ event }) => event === "overlap") || new Set(starts).size < starts.length)
      problems.together.push(runId);
    const document = await store.load(entry, signal);
    if (!isExplained(entry, document, own, starts)) problems.unexplained.push(runId);
    if (starts.some((attempt) => attempt > 1)) retried++;
  }
  return { ...problems, states, retried };
}

function isExplained(
  { run }: QueueEntry,
  document: RunDocument | undefined,
  lines: Awaited<ReturnType<Ledger["read"]>> extends ReadonlyMap<string, infer L> ? L : never,
  starts: readonly number[],
): boolean {
  if (!isFinal(run.state) || document === undefined) return false;
  if (run.state !== "succeeded" && run.reason === undefined) return false;
  const attempts = document.record["attempts"];
  const known = Array.isArray(attempts) ? attempts.map((item: { attempt: number }) => item.attempt) : [];
  if (run.state === "succeeded" && !lines.some(({ attempt, event }) => attempt === run.attempt && event === "end")) {
    return false;
  }
  return starts.every((attempt) => known.includes(attempt));
}
