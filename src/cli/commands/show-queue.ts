import { systemClock } from "../../core/clock.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { toJson } from "../../core/json.ts";
import { definitionOf } from "../../queueing/queue-definitions.ts";
import { type QueueViewer, queueViewer } from "../../queueing/watch-queues.ts";
import { queueChanges } from "../../reporting/queue-changes.ts";
import {
  nobodyWords,
  queueLine,
  type QueueReport,
  runningRows,
  unreadableLines,
  waitingRows,
} from "../../reporting/queue-report.ts";
import type { WithDefinitions } from "../../stores/definition-store.ts";
import type { QueueSnapshot, QueueStore } from "../../stores/queue-store.ts";
import { columns } from "../terminal/columns.ts";
import type { Console } from "../terminal/console.ts";
import type { QueueShowFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { storeFlags, withRuns, wholeNumber } from "../program/open-runs.ts";
import { show, type Watch } from "../terminal/watch.ts";

/** `launch queue show`: position, what each run waits for, when it may start. */
export async function showQueueCommand(queue: string, flags: QueueShowFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const { signal } = interrupted;
  try {
    return await withRuns(flags, console, async ({ store }) => {
      const viewer = queueViewer(store, systemClock);
      const work = workOf({ queue, limit, flags, console, store, viewer });
      await show({ work, isWatched: flags.watch === true, console }, signal);
      return exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

/** Agents come and go without a change in the queue. */
const lookAgainMs = 15_000;

type Shown = {
  readonly queue: string;
  readonly limit: number;
  readonly flags: QueueShowFlags;
  readonly console: Console;
  readonly store: QueueStore & WithDefinitions;
  readonly viewer: QueueViewer;
};

type Seen = { readonly snapshot: QueueSnapshot; readonly report: QueueReport };

function workOf({ queue, limit, flags, console, store, viewer }: Shown): Watch<Seen> {
  const writeEvent = eventWriter(console.out);
  return {
    look: async (signal) => {
      const snapshot = await viewer.look([queue], signal);
      const report = viewer.report(queue, snapshot);
      const isEmpty = report.waiting.length + report.running.length + report.unreadable === 0;
      // Throws, with the queues that there are.
      if (report.deleted && isEmpty) await definitionOf(queue, store, signal);
      return { snapshot, report };
    },
    wait: (_seen, signal) => store.wait([queue], lookAgainMs, signal),
    textOf: ({ snapshot }) => textOf(viewer.report(queue, snapshot), limit, storeFlags(flags)),
    changes: (before, after) => queueChanges(before.report, after.report),
    ...(flags.json === true
      ? { json: async ({ report }: Seen) => writeEvent("queue", { queue: toJson(report) }) }
      : {}),
  };
}

function textOf(report: QueueReport, limit: number, flags: readonly string[]): string {
  const { waiting } = report;
  const nobody = nobodyWords(report, flags);
  const more = waiting.length - limit;
  const lines = [
    queueLine(report),
    ...indented(waitingRows(waiting.slice(0, limit))),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...indented(runningRows(report.running)),
    ...unreadableLines(report).map((line) => `  ${line}`),
    ...(nobody === undefined ? [] : [nobody]),
  ];
  return `${lines.join("\n")}\n`;
}

function indented(rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  return columns(rows)
    .split("\n")
    .map((line) => `  ${line}`);
}
