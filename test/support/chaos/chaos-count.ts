import { expect } from "vitest";
import { isFinal } from "../../../src/run/states.ts";
import type { QueueEntry, QueueStore } from "../../../src/stores/queue-store.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import type { ChaosEngine } from "./chaos-engine.ts";
import type { Ledger, LedgerLine } from "./ledger.ts";

export type Count = {
  /** Runs that are nowhere, or have not ended. */
  readonly lost: readonly string[];
  readonly endedTwice: readonly string[];
  /** Runs of which two processes were there at the same time, or one attempt was started twice. */
  readonly together: readonly string[];
  /** Runs whose end doesn't say why, whose record doesn't know an attempt that its processes do, or whose end the server has not seen. */
  readonly unexplained: readonly string[];
  readonly states: Readonly<Record<string, number>>;
  /** How many runs had a second attempt. */
  readonly retried: number;
};

export const nothingWrong = { lost: [], endedTwice: [], together: [], unexplained: [] } as const;

export type Counted = {
  readonly engine: Pick<ChaosEngine, "ends" | "missesEnds">;
  readonly store: Pick<QueueStore, "snapshot" | "load" | "read">;
  readonly ledger: Pick<Ledger, "read">;
  readonly signal: AbortSignal;
};

/** Counts by what the store has, what the jobs' own processes have written, and what the server has seen end. */
export async function countRuns(runIds: readonly string[], { engine, store, ledger, signal }: Counted): Promise<Count> {
  const [{ entries }, lines, ends] = await Promise.all([store.snapshot("all", signal), ledger.read(), engine.ends()]);
  const found = Map.groupBy(entries, ({ run }) => run.run_id);
  const endsOf = Map.groupBy(ends, (runId) => runId);
  const wrong = { lost: [] as string[], endedTwice: [] as string[], together: [] as string[] };
  const unexplained: string[] = [];
  const states: Record<string, number> = {};
  let retried = 0;
  const documents = await readAll(runIds, found, { store, signal });
  for (const runId of runIds) {
    const [entry, ...others] = found.get(runId) ?? [];
    const document = documents.get(runId);
    const hasEnded = entry === undefined ? document !== undefined : entry.place === "ended";
    if (!hasEnded || document === undefined || !isFinal(document.run.state)) {
      wrong.lost.push(runId);
      continue;
    }
    const { state, reason } = document.run;
    const name = reason === undefined ? state : `${state} (${reason})`;
    states[name] = (states[name] ?? 0) + 1;
    const own = lines.get(runId) ?? [];
    const starts = own.filter(({ event }) => event === "start").map(({ attempt }) => attempt);
    const seen = endsOf.get(runId)?.length ?? 0;
    if (others.length > 0 || seen > 1) wrong.endedTwice.push(runId);
    if (own.some(({ event }) => event === "overlap") || new Set(starts).size < starts.length)
      wrong.together.push(runId);
    const isSeen = seen > 0 || engine.missesEnds();
    if (!isSeen || !isExplained(document, own, starts)) unexplained.push(runId);
    if (starts.some((attempt) => attempt > 1)) retried++;
  }
  return { ...wrong, unexplained, states, retried };
}

/** A few at once: of hundreds that are folded away each is a look at the store. */
async function readAll(
  runIds: readonly string[],
  found: ReadonlyMap<string, readonly QueueEntry[]>,
  { store, signal }: Pick<Counted, "store" | "signal">,
): Promise<ReadonlyMap<string, RunDocument | undefined>> {
  const documents = new Map<string, RunDocument | undefined>();
  const left = runIds.values();
  const reader = async (): Promise<void> => {
    for (const runId of left) {
      const [entry] = found.get(runId) ?? [];
      documents.set(runId, entry === undefined ? await store.read(runId, signal) : await store.load(entry, signal));
    }
  };
  await Promise.all(Array.from({ length: 6 }, reader));
  return documents;
}

function isExplained({ run, record }: RunDocument, lines: readonly LedgerLine[], starts: readonly number[]): boolean {
  if (run.state !== "succeeded" && run.reason === undefined) return false;
  const { attempts } = record;
  const known = Array.isArray(attempts) ? attempts.map((item: { attempt: number }) => item.attempt) : [];
  if (run.state === "succeeded" && !lines.some(({ attempt, event }) => attempt === run.attempt && event === "end")) {
    return false;
  }
  return starts.every((attempt) => known.includes(attempt));
}

/** One line for each scenario. */
export function report(runs: number, agents: number, count: Count): void {
  const { lost, endedTwice, together, unexplained, states, retried } = count;
  const scenario = (expect.getState().currentTestName ?? "").replaceAll(" > ", ": ");
  const ends = Object.entries(states).map(([state, number]) => `${number} ${state}`);
  process.stdout.write(
    `${scenario} | ${runs} runs, ${agents} agents started | lost ${lost.length}, ended twice ${endedTwice.length}, ` +
      `at the same time ${together.length}, without a reason ${unexplained.length} | ${ends.join(", ")} | tried again ${retried}\n`,
  );
}
