/*
 * Which waiting run starts next. Pure: it ranks a snapshot, and knows no store, clock or agent. The order is total and stable:
 * effective priority, then the time of enqueueing, then the run id. A run that can't start now keeps its place and doesn't stop
 * the next. With ageing a run gains one level of priority for each `ageingMs` that it has waited, so that low is never starved.
 */

export type WaitingRun = {
  readonly runId: string;
  readonly priority: number;
  /** ms since the epoch. */
  readonly enqueuedAt: number;
  readonly notBefore: number | undefined;
  /** What it takes of its agent's machine: name → count. */
  readonly slots: Slots;
  readonly submitter: string;
  readonly timeoutMs: number | undefined;
};

export type Slots = Readonly<Record<string, number>>;

/** How many there are of a slot; a slot may be called as what every object has: `constructor`. */
export function countOf(slots: Slots | undefined, name: string): number {
  return slots !== undefined && Object.hasOwn(slots, name) ? (slots[name] ?? 0) : 0;
}

export type QueueOrder = {
  /** `fifo` ignores priorities. */
  readonly mode: "priority" | "fifo";
  readonly ageingMs: number | undefined;
};

/** What is running, as far as limits look at it. */
export type RunningRun = { readonly runId: string; readonly submitter: string };

export type QueueLimits = {
  readonly running: number | undefined;
  readonly runningPerSubmitter: number | undefined;
};

/** The agent that asks; undefined ranks for nobody in particular (a list). */
export type AskingAgent = {
  readonly total: Slots;
  readonly free: Slots;
  /** Free places of `max_jobs`; Infinity without a limit. */
  readonly places: number;
  /** It takes nothing that may run for longer than this. */
  readonly timeLeftMs: number | undefined;
};

export type RankRequest = {
  readonly waiting: readonly WaitingRun[];
  readonly running: readonly RunningRun[];
  readonly order: QueueOrder;
  readonly limits: QueueLimits;
  readonly paused: boolean;
  readonly now: number;
  readonly agent: AskingAgent | undefined;
};

/** What a run waits for, nearest cause first. */
export type WaitsFor =
  | { readonly kind: "paused" }
  | { readonly kind: "time"; readonly until: number }
  | { readonly kind: "limit"; readonly limit: "running" | "running_per_submitter"; readonly value: number }
  | {
      readonly kind: "slots";
      readonly slot: string;
      readonly wanted: number;
      readonly free: number;
      readonly total: number;
    }
  | { readonly kind: "time-left"; readonly timeoutMs: number | undefined; readonly leftMs: number }
  | { readonly kind: "agent" };

export type Ranked = {
  readonly run: WaitingRun;
  /** 1 for the head of the queue. */
  readonly position: number;
  /** Undefined: it can start now. */
  readonly waitsFor: WaitsFor | undefined;
};

/** Sorts the waiting runs, and says of each whether it can start now, given that those before it that can, do. */
export function rank(request: RankRequest): readonly Ranked[] {
  const { order, now, agent } = request;
  const sorted = [...request.waiting].sort(inOrder({ order, now }));
  const submitters = new Map<string, number>();
  for (const run of request.running) count(submitters, run.submitter);
  const free = { ...agent?.free };
  let running = request.running.length;
  let places = agent?.places ?? Number.POSITIVE_INFINITY;

  return sorted.map((run, index) => {
    const waitsFor = obstacle(run, { request, running, submitters, free, places });
    if (waitsFor === undefined) {
      running++;
      places--;
      count(submitters, run.submitter);
      for (const [slot, wanted] of Object.entries(run.slots)) free[slot] = countOf(free, slot) - wanted;
    }
    return { run, position: index + 1, waitsFor };
  });
}

/** Priority after ageing: a number, lower first. It never falls below 0, so an aged run ties with critical and goes by its time. */
export function effectivePriority(run: WaitingRun, order: QueueOrder, now: number): number {
  if (order.mode === "fifo") return 0;
  if (order.ageingMs === undefined) return run.priority;
  const levels = Math.floor(Math.max(0, now - run.enqueuedAt) / order.ageingMs);
  return Math.max(0, run.priority - levels);
}

function inOrder({ order, now }: Pick<RankRequest, "order" | "now">): (a: WaitingRun, b: WaitingRun) => number {
  return (a, b) =>
    effectivePriority(a, order, now) - effectivePriority(b, order, now) ||
    a.enqueuedAt - b.enqueuedAt ||
    (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);
}

type Situation = {
  readonly request: RankRequest;
  readonly running: number;
  readonly submitters: ReadonlyMap<string, number>;
  readonly free: Slots;
  readonly places: number;
};

function obstacle(run: WaitingRun, situation: Situation): WaitsFor | undefined {
  const { request, running, submitters, free, places } = situation;
  const { limits, now, agent } = request;
  if (request.paused) return { kind: "paused" };
  if (run.notBefore !== undefined && run.notBefore > now) return { kind: "time", until: run.notBefore };
  if (limits.running !== undefined && running >= limits.running) {
    return { kind: "limit", limit: "running", value: limits.running };
  }
  const own = submitters.get(run.submitter) ?? 0;
  if (limits.runningPerSubmitter !== undefined && own >= limits.runningPerSubmitter) {
    return { kind: "limit", limit: "running_per_submitter", value: limits.runningPerSubmitter };
  }
  if (agent === undefined) return undefined;
  for (const [slot, wanted] of Object.entries(run.slots)) {
    const available = countOf(free, slot);
    if (wanted > available) return { kind: "slots", slot, wanted, free: available, total: countOf(agent.total, slot) };
  }
  const left = agent.timeLeftMs;
  if (left !== undefined && (run.timeoutMs === undefined || run.timeoutMs > left)) {
    return { kind: "time-left", timeoutMs: run.timeoutMs, leftMs: left };
  }
  return places <= 0 ? { kind: "agent" } : undefined;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
