import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../../src/core/clock.ts";
import type { Json } from "../../../src/core/json.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { isFinal } from "../../../src/run/states.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { enqueue, type EnqueuedLaunch } from "../../../src/queueing/enqueue.ts";
import { lookUpDefinition } from "../../../src/queueing/queue-definitions.ts";
import type { QueueLookUp } from "../../../src/spec/resolve/resolution.ts";
import type { QueueSnapshot } from "../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { type AgentOrder, type AgentProcess, startAgentProcess } from "../agent/agent-process.ts";
import { type Count, countRuns, report } from "./chaos-count.ts";
import type { ChaosEngine } from "./chaos-engine.ts";
import { jobScript, type Ledger, makeLedger } from "./ledger.ts";
import { queuedLaunch } from "../launch/queued-launch.ts";

export type JobOptions = {
  /** How long each job takes. */
  readonly seconds?: number;
  readonly queue?: string;
  readonly spec?: Readonly<Record<string, Json>>;
};

/** Agents, runs, and what goes wrong with them. */
export type Chaos = {
  readonly engine: ChaosEngine;
  readonly store: WholeStore;
  readonly ledger: Ledger;
  readonly agents: AgentProcess[];
  /** A place below the folder that is gone at the end. */
  path(name: string): string;
  /** Enqueues runs whose ids begin with `<name>-1` … */
  enqueue(name: string, count: number, options?: JobOptions): Promise<readonly string[]>;
  start(order: Pick<AgentOrder, "agent"> & Partial<AgentOrder>): AgentProcess;
  snapshot(): Promise<QueueSnapshot>;
  /** Waits until all of these have ended. */
  ended(runIds: readonly string[], withinMs: number): Promise<void>;
  until(what: string, withinMs: number, isSo: () => boolean | Promise<boolean>): Promise<void>;
  /** Tells the agents to end, and waits until they have. */
  leave(): Promise<void>;
  /** Counts what must be 0, by what the processes and the server have written, and says so in a line of the test's output. */
  count(runIds: readonly string[]): Promise<Count>;
  end(): Promise<void>;
};

export type ChaosOptions = {
  readonly ttlMs: number;
  /** A third of the ttl when left out. */
  readonly heartbeatMs?: number;
  readonly maxJobs?: number;
};

const pollMs = 400;

export async function startChaos(
  make: (folder: string) => Promise<ChaosEngine>,
  { ttlMs, heartbeatMs = ttlMs / 3, maxJobs = 2 }: ChaosOptions,
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
  const queues = new Set<string>();
  let audited = false;
  // A run's processes are known by its id: another test on this machine must have others.
  const mark = crypto.randomUUID().slice(0, 8);

  const snapshot = (): Promise<QueueSnapshot> => store.snapshot("all", signal);
  const until: Chaos["until"] = async (what, withinMs, isSo) => {
    const deadline = performance.now() + withinMs;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
      await delay(pollMs);
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
      const { queue = "default" } = options;
      queues.add(queue);
      const definition = await lookUpDefinition({ queue }, store, signal);
      const place: Place = { definition, code, ledger };
      const names = Array.from({ length: count }, (_, index) => `${name}-${index + 1}-${mark}`);
      const launches = await Promise.all(names.map((each) => launchOf(each, options, place)));
      const services = {
        log: silentLog,
        clock: systemClock,
        state: stateDirectoryAt(join(folder, "submitter")),
        store,
        storeIsHere: true,
        storeIsOwn: true,
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
        heartbeatMs,
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
        if (runIds.some((runId) => (places.get(runId) ?? "ended") !== "ended")) return false;
        // What has ended long ago is folded away: then the history has it.
        const folded = runIds.filter((runId) => !places.has(runId));
        if (folded.length === 0) return true;
        const heads = await Promise.all([...queues].map((queue) => store.history(queue, 10_000, signal)));
        const ended = new Set(heads.flat().flatMap((run) => (isFinal(run.state) ? [run.run_id] : [])));
        return folded.every((runId) => ended.has(runId));
      }),
    until,
    leave,
    count: async (runIds) => {
      const count = await countRuns(runIds, { engine, store, ledger, signal });
      report(runIds.length, agents.length, count);
      return count;
    },
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

type Place = { readonly definition: QueueLookUp; readonly code: string; readonly ledger: Ledger };

async function launchOf(
  name: string,
  { seconds = 0, queue = "default", spec = {} }: JobOptions,
  { definition, code, ledger }: Place,
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
  return queuedLaunch({
    spec: written,
    context: { entity: "org", project: "chaos", name },
    definitionOf: () => Promise.resolve(definition),
    code,
    leg: name,
  });
}
