import { systemClock } from "../core/clock.ts";
import { exitCodes } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { toJson } from "../core/json.ts";
import { definedQueues } from "../launch/queue-definitions.ts";
import { viewQueue } from "../launch/queue-view.ts";
import { readDefinition } from "../spec/queue-definition.ts";
import {
  counted,
  nobodyWords,
  queueLine,
  type QueueReport,
  runningRows,
  waitingRows,
} from "../reporting/queue-report.ts";
import { columns } from "./columns.ts";
import type { Console } from "./console.ts";
import type { QueueFlags, QueueHistoryFlags, QueueShowFlags } from "./flags.ts";
import { eventWriter } from "./json-log.ts";
import { runRow, runRowHead } from "./list-command.ts";
import { withRuns, wholeNumber } from "./open-runs.ts";

/** `launch queue show`: position, what each run waits for, when it may start. */
export async function showQueueCommand(queue: string, flags: QueueShowFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const { signal } = interrupted;
  try {
    return await withRuns(flags, console, async ({ store }) => {
      let shown = "";
      for (;;) {
        const report = await viewQueue(queue, store, systemClock.now().getTime(), signal);
        shown = await show(report, limit, flags, console, shown);
        if (flags.watch !== true) return exitCodes.succeeded;
        await store.wait([queue], redrawMs, signal);
      }
    });
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (flags.watch === true && signal.aborted) return exitCodes.succeeded;
    throw error;
  } finally {
    interrupted.stop();
  }
}

/** Waiting times move on also where nothing changes. */
const redrawMs = 5_000;
const clearScreen = "\u001b[H\u001b[2J";

async function show(
  report: QueueReport,
  limit: number,
  flags: QueueShowFlags,
  { out, interactive }: Console,
  before: string,
): Promise<string> {
  if (flags.json === true) {
    await eventWriter(out)("queue", { queue: toJson(report) });
    return "";
  }
  const text = textOf(report, limit);
  if (text !== before) await out.write(flags.watch === true && interactive ? `${clearScreen}${text}` : text);
  return text;
}

function textOf(report: QueueReport, limit: number): string {
  const { waiting } = report;
  const nobody = nobodyWords(report);
  const more = waiting.length - limit;
  const table = (rows: readonly (readonly string[])[]): readonly string[] =>
    rows.length === 0
      ? []
      : columns(rows)
          .split("\n")
          .map((line) => `  ${line}`.trimEnd());
  const lines = [
    queueLine(report),
    ...table(waitingRows(waiting.slice(0, limit))),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...table(runningRows(report.running)),
    ...(nobody === undefined ? [] : [nobody]),
  ];
  return `${lines.join("\n")}\n`;
}

/** `launch queue list`: every queue that has a definition or runs. */
export async function listQueuesCommand(flags: QueueFlags, { out, ...console }: Console): Promise<number> {
  const { signal } = new AbortController();
  const rows = await withRuns(flags, { out, ...console }, async ({ store }) => {
    const [defined, snapshot] = await Promise.all([definedQueues(store, signal), store.snapshot("all", signal)]);
    const names = new Set([...defined.map(({ name }) => name), ...snapshot.entries.map(({ queue }) => queue)]);
    return [...names].map((name) => {
      const stored = defined.find((queue) => queue.name === name)?.stored;
      const read = stored === undefined ? undefined : readDefinition({ name: stored.path, text: stored.text });
      const of = (place: string): number =>
        snapshot.entries.filter((entry) => entry.queue === name && entry.place === place).length;
      return {
        queue: name,
        resource:
          read?.kind === "definition" ? (read.definition.resource ?? "any") : read === undefined ? "any" : "faulty",
        waiting: of("waiting"),
        running: of("leased"),
        agents: snapshot.agents.filter(({ beat }) => beat.queues.includes(name)).length,
        paused: snapshot.paused.includes(name),
        defined: stored !== undefined || name === "default",
        description: read?.kind === "definition" ? (read.definition.description ?? "") : "",
      };
    });
  });
  if (flags.json === true) {
    await out.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return exitCodes.succeeded;
  }
  const head = ["queue", "resource", "waiting", "running", "agents", "", "description"];
  const cells = rows.map((row) => [
    row.queue,
    row.resource,
    String(row.waiting),
    String(row.running),
    String(row.agents),
    row.paused ? "paused" : row.defined ? "" : "deleted",
    row.description,
  ]);
  await out.write(`${columns([head, ...cells])}\n`);
  return exitCodes.succeeded;
}

/** `launch queue history`. */
export async function queueHistoryCommand(queue: string, flags: QueueHistoryFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const { signal } = new AbortController();
  const heads = await withRuns(flags, console, ({ store }) => store.history(queue, limit, signal));
  const { out } = console;
  if (flags.json === true) await out.write(heads.map((head) => `${JSON.stringify(head)}\n`).join(""));
  else if (heads.length === 0) await out.write(`no ended runs in ${queue}\n`);
  else await out.write(`${columns([runRowHead, ...heads.map(runRow)])}\n${counted(heads.length, "run")}\n`);
  return exitCodes.succeeded;
}
