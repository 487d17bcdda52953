import { formatDuration } from "../core/duration.ts";
import { exitCodes } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import { listRuns } from "../launch/list.ts";
import { metricsInWords } from "../reporting/words.ts";
import type { ListedRun, RunHead } from "../stores/store.ts";
import { columns } from "./columns.ts";
import type { Console } from "./console.ts";
import type { ListFlags } from "./flags.ts";
import { withRuns, wholeNumber } from "./open-runs.ts";

/** `launch list`: the store's runs, newest first. */
export async function listCommand(flags: ListFlags, console: Console): Promise<number> {
  const limit = wholeNumber(flags.limit ?? "20", "--limit");
  const { runs, location } = await withRuns(flags, console, async ({ store }) => ({
    runs: await listRuns({ limit }, store, new AbortController().signal),
    location: store.location,
  }));
  const { out } = console;
  if (flags.json === true) {
    await out.write(runs.map((run) => `${JSON.stringify(jsonOf(run))}\n`).join(""));
  } else if (runs.length === 0) {
    await out.write(`no runs in ${location}\n`);
  } else {
    await out.write(`${columns([runRowHead, ...runs.map(rowOf)])}\n`);
  }
  return exitCodes.succeeded;
}

function jsonOf(listed: ListedRun) {
  if (listed.kind === "run") return toJson(listed.run);
  return { run_id: listed.runId, unreadable: listed.why };
}

function rowOf(listed: ListedRun): readonly string[] {
  return listed.kind === "unreadable" ? [listed.runId, listed.why, "", "", "", "", "", ""] : runRow(listed.run);
}

export const runRowHead = ["run", "state", "when", "queue", "resource", "source", "by", "metrics"] as const;

/** A run as a row of a list. */
export function runRow(run: RunHead): readonly string[] {
  const ended = Date.parse(run.finished_at ?? run.updated_at);
  const code = run.reason === "exit-code" && run.exit_code !== undefined ? ` ${run.exit_code}` : "";
  const why = run.state === "failed" && run.reason !== undefined ? ` (${run.reason}${code})` : "";
  const age = Number.isNaN(ended) ? "" : `${formatDuration(Math.max(0, Date.now() - ended))} ago`;
  const metrics = metricsInWords(run.metrics ?? {}, 3);
  return [run.run_id, `${run.state}${why}`, age, run.queued?.queue ?? "", run.resource, run.source, run.by, metrics];
}
