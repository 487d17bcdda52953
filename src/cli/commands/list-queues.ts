import { jsonText } from "../../core/output/terminal-text.ts";
import { formatAge } from "../../core/duration.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { definedQueues, definitionOf, readStored } from "../../queueing/queue-definitions.ts";
import { defaultQueue } from "../../queues/definition.ts";
import { counted } from "../../core/counted.ts";
import { metricsInWords } from "../../reporting/words.ts";
import type { WithDefinitions } from "../../stores/definition-store.ts";
import type { QueueStore } from "../../stores/queue-store.ts";
import type { RunHead } from "../../run/head.ts";
import { columns } from "../terminal/columns.ts";
import type { Console } from "../terminal/console.ts";
import type { QueueHistoryFlags, QueueListFlags } from "../program/flags.ts";
import { runRow } from "./list.ts";
import { withRuns, wholeNumber } from "../program/open-runs.ts";
import { show, type Watch } from "../terminal/watch.ts";

type QueueRow = {
  readonly queue: string;
  readonly resource: string;
  readonly waiting: number;
  readonly running: number;
  readonly agents: number;
  readonly paused: boolean;
  readonly defined: boolean;
  readonly description: string;
};

/** `launch queue list`: every queue that has a definition or runs. */
export async function listQueuesCommand(flags: QueueListFlags, console: Console): Promise<number> {
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const { out } = console;
  const jsonOf = (rows: readonly QueueRow[]): string => rows.map((row) => `${jsonText(row)}\n`).join("");
  try {
    return await withRuns(flags, console, async ({ store }) => {
      const work: Watch<readonly QueueRow[]> = {
        look: (signal) => rowsIn(store, signal),
        wait: async (rows, signal) => {
          const names = rows.map(({ queue }) => queue);
          await store.wait(names, lookAgainMs, signal);
        },
        textOf,
        changes: changesBetween,
        ...(flags.json === true ? { json: async (rows: readonly QueueRow[]) => out.write(jsonOf(rows)) } : {}),
      };
      await show({ work, isWatched: flags.watch === true, console }, interrupted.signal);
      return exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

/** New queues, and agents that come and go, are no change in a queue. */
const lookAgainMs = 15_000;

async function rowsIn(store: QueueStore & WithDefinitions, signal: AbortSignal): Promise<readonly QueueRow[]> {
  const [defined, snapshot] = await Promise.all([definedQueues(store, signal), store.snapshot("all", signal)]);
  const occupied = snapshot.entries.filter(({ place }) => place !== "ended").map(({ queue }) => queue);
  const names = new Set([...defined.map(({ name }) => name), ...occupied]);
  return [...names].map((name) => {
    const stored = defined.find((queue) => queue.name === name)?.stored;
    const read = stored === undefined ? undefined : readStored(stored);
    const definition = read?.kind === "definition" ? read.definition : undefined;
    const of = (place: string): number =>
      snapshot.entries.filter((entry) => entry.queue === name && entry.place === place).length;
    return {
      queue: name,
      resource: read?.kind === "faults" ? "faulty" : (definition?.resource ?? "any"),
      waiting: of("waiting"),
      running: of("leased"),
      agents: snapshot.agents.filter(({ beat }) => beat.queues.includes(name)).length,
      paused: snapshot.paused.includes(name),
      defined: stored !== undefined || name === defaultQueue,
      description: definition?.description ?? "",
    };
  });
}

function textOf(rows: readonly QueueRow[]): string {
  return `${columns([["queue", "resource", "waiting", "running", "agents", "", "description"], ...rows.map(cellsOf)])}\n`;
}

function cellsOf({ queue, resource, waiting, running, agents, paused, defined, description }: QueueRow) {
  const state = paused ? "paused" : defined ? "" : "deleted";
  return [queue, resource, String(waiting), String(running), String(agents), state, description];
}

function changesBetween(before: readonly QueueRow[], after: readonly QueueRow[]): readonly string[] {
  const wordsOf = (row: QueueRow): string => {
    const { waiting, running, agents, paused, defined } = row;
    const state = paused ? ", paused" : defined ? "" : ", deleted";
    return `${row.queue}  ${waiting} waiting, ${running} running, ${counted(agents, "agent")}${state}`;
  };
  const known = new Set(before.map(wordsOf));
  const gone = before.filter(({ queue }) => after.every((row) => row.queue !== queue));
  return [...gone.map(({ queue }) => `${queue}  gone`), ...after.map(wordsOf).filter((words) => !known.has(words))];
}

/** `launch queue history`. */
export async function queueHistoryCommand(queue: string, flags: QueueHistoryFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const { signal } = new AbortController();
  const heads = await withRuns(flags, console, async ({ store }) => {
    const found = await store.history(queue, limit, signal);
    // A name that is no queue's is a mistake, and a queue that was deleted has had its runs.
    if (found.length === 0) await definitionOf(queue, store, signal);
    return found;
  });
  const { out } = console;
  if (flags.json === true) await out.write(heads.map((head) => `${jsonText(head)}\n`).join(""));
  else if (heads.length === 0) await out.write(`no ended runs in ${queue}\n`);
  else await out.write(`${columns([historyHead, ...heads.map(historyRow)])}\n${counted(heads.length, "run")}\n`);
  return exitCodes.succeeded;
}

const historyHead = ["run", "state", "ended", "waited", "lasted", "attempts", "by", "metrics"] as const;

function historyRow(run: RunHead): readonly string[] {
  const { queued, started_at: start, finished_at: end, attempt } = run;
  const [id, state, ended] = runRow(run);
  const begun = start ?? end;
  return [
    id ?? "",
    state ?? "",
    ended ?? "",
    queued === undefined || begun === undefined ? "" : between(queued.enqueued_at, begun),
    start === undefined || end === undefined ? "" : between(start, end),
    String(attempt),
    run.by,
    metricsInWords(run.metrics ?? {}, 3),
  ];
}

function between(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  return Number.isFinite(ms) ? formatAge(ms) : "";
}
