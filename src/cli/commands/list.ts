import { jsonText } from "../../core/output/terminal-text.ts";
import { formatAge } from "../../core/duration.ts";
import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { toJson } from "../../core/json.ts";
import { listRuns, statesOf } from "../../inspect/list.ts";
import { defaultQueue } from "../../queues/definition.ts";
import { metricsInWords } from "../../reporting/words.ts";
import type { ListedRun } from "../../stores/store.ts";
import type { RunHead } from "../../run/head.ts";
import { columns } from "../terminal/columns.ts";
import type { Console } from "../terminal/console.ts";
import type { ListFlags } from "../program/flags.ts";
import { withRuns, wholeNumber } from "../program/open-runs.ts";
import { show, type Watch } from "../terminal/watch.ts";

type Listed = { readonly runs: readonly ListedRun[]; readonly location: string };

/** `launch list`: the store's runs, newest first. */
export async function listCommand(flags: ListFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const request = {
    // One more tells whether there are more.
    limit: limit + 1,
    ...(flags.state === undefined ? {} : { states: statesOf(flags.state, "--state") }),
    ...(flags.queue === undefined ? {} : { queue: flags.queue }),
  };
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  const { out } = console;
  try {
    return await withRuns(flags, console, async ({ store }) => {
      const { location } = store;
      const work: Watch<Listed> = {
        look: async (signal) => ({ runs: await listRuns(request, store, signal), location }),
        wait: ({ runs }, signal) => store.wait(queuesOf(runs), lookAgainMs, signal),
        textOf: (listed) => textOf(listed, limit, flags),
        changes: changesBetween,
        ...(flags.json === true ? { json: async ({ runs }: Listed) => out.write(jsonLines(runs, limit)) } : {}),
      };
      await show({ work, isWatched: flags.watch === true, console }, interrupted.signal);
      return exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

/** Runs that no queue holds tell nobody of their changes. */
const lookAgainMs = 10_000;

function queuesOf(runs: readonly ListedRun[]): readonly string[] {
  const queues = runs.flatMap((item) => (item.kind === "run" ? (item.run.queued?.queue ?? []) : []));
  return [...new Set([...queues, defaultQueue])];
}

function textOf({ runs, location }: Listed, limit: number, flags: ListFlags): string {
  if (runs.length === 0) {
    const state = flags.state === undefined ? "" : ` in state ${flags.state.join(" or ")}`;
    const queue = flags.queue === undefined ? "" : ` of queue ${flags.queue}`;
    return `no runs${state}${queue} in ${location}\n`;
  }
  const more = runs.length > limit ? `more with --limit ${limit * 2}\n` : "";
  return `${columns([runRowHead, ...runs.slice(0, limit).map(rowOf)])}\n${more}`;
}

function jsonLines(runs: readonly ListedRun[], limit: number): string {
  return runs
    .slice(0, limit)
    .map((run) => `${jsonText(jsonOf(run))}\n`)
    .join("");
}

function changesBetween(before: Listed, after: Listed): readonly string[] {
  const wordsOf = (listed: ListedRun): string => {
    const [id, state] = rowOf(listed);
    const agent = listed.kind === "run" ? listed.run.lease?.agent : undefined;
    return `${id ?? ""}  ${state ?? ""}${agent === undefined ? "" : ` with ${agent}`}`;
  };
  const known = new Set(before.runs.map(wordsOf));
  return after.runs.map(wordsOf).filter((words) => !known.has(words));
}

function jsonOf(listed: ListedRun) {
  if (listed.kind === "run") return toJson(listed.run);
  return { run_id: listed.runId, unreadable: listed.why };
}

function rowOf(listed: ListedRun): readonly string[] {
  return listed.kind === "unreadable" ? [listed.runId, listed.why, "", "", "", "", "", ""] : runRow(listed.run);
}

const runRowHead = ["run", "state", "when", "queue", "resource", "source", "by", "metrics"] as const;

/** A run as a row of a list. */
export function runRow(run: RunHead): readonly string[] {
  const ended = Date.parse(run.finished_at ?? run.updated_at);
  const code = run.reason === "exit-code" && run.exit_code !== undefined ? ` ${run.exit_code}` : "";
  const why = run.state === "failed" && run.reason !== undefined ? ` (${run.reason}${code})` : "";
  const age = Number.isNaN(ended) ? "" : `${formatAge(Date.now() - ended)} ago`;
  const metrics = metricsInWords(run.metrics ?? {}, 3);
  return [run.run_id, `${run.state}${why}`, age, run.queued?.queue ?? "", run.resource, run.source, run.by, metrics];
}
