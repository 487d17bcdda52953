import { formatCommandLine } from "../core/command-line.ts";
import { formatDuration } from "../core/duration.ts";
import { exitCodes, LaunchError } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { toJson } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import { defaultQueue } from "../queues/definition.ts";
import { findRun } from "../launch/find-run.ts";
import { findQueued } from "../launch/find-queued.ts";
import { exitCodeOfOutcome } from "../launch/outcome.ts";
import { lastLines } from "../launch/run-log.ts";
import { type AwaitedRun, type Seen, waitForRuns } from "../launch/wait-runs.ts";
import { outputMarks } from "../reporting/output-marks.ts";
import { phaseLine } from "../reporting/phase-line.ts";
import { metricsInWords, oneLine } from "../reporting/words.ts";
import type { QueueStore } from "../stores/queue-store.ts";
import type { RunHead } from "../stores/store.ts";
import type { Console } from "./console.ts";
import type { StoreFlags, WaitFlags } from "./flags.ts";
import { eventWriter } from "./json-log.ts";
import { openLog } from "./open-log.ts";
import { withRuns } from "./open-runs.ts";

/** `launch wait`: follows runs of queues to their ends. Ctrl-C stops the following, never a run. */
export async function waitCommand(names: readonly string[], flags: WaitFlags, console: Console): Promise<number> {
  const { log, stop } = openLog(console, { json: flags.json === true, verbose: false });
  const interrupted = interruption({
    onFirst: () => undefined,
    onForce: () => process.exit(exitCodes.cancelled),
  });
  try {
    return await withRuns(flags, console, async ({ store }) => {
      const runs = (await Promise.all(names.map((name) => awaitedRuns(name, store, interrupted.signal)))).flat();
      const name = names.join(" ");
      return followRuns({ runs, name, flags, console, store, log }, interrupted.signal);
    });
  } finally {
    stop();
    interrupted.stop();
  }
}

/** What a name stands for: runs in a queue, or one that has left it. */
async function awaitedRuns(name: string, store: QueueStore, signal: AbortSignal): Promise<readonly AwaitedRun[]> {
  try {
    const { entries } = await findQueued([name], store, signal);
    return entries.map(({ run, queue }) => ({ runId: run.run_id, queue }));
  } catch (error) {
    if (!(error instanceof LaunchError) || error.code !== "not-found") throw error;
    const { run } = await findRun(name, store, signal);
    return [{ runId: run.run_id, queue: run.queued?.queue ?? defaultQueue }];
  }
}

export type FollowRuns = {
  readonly runs: readonly AwaitedRun[];
  /** What they are called in a command. */
  readonly name: string;
  readonly flags: StoreFlags & { readonly json?: true };
  readonly console: Console;
  readonly store: QueueStore;
  readonly log: Log;
};

/** Says what changes until all have ended; the exit code is that of the worst end. */
export async function followRuns(request: FollowRuns, signal: AbortSignal): Promise<number> {
  const { runs, store, log, flags, console } = request;
  const event = eventWriter(console.out);
  const onChange = async (seen: Seen): Promise<void> => {
    if (flags.json === true) await event("run", { run: toJson(seen.run) });
    else log.info(`${seen.run.run_id}  ${changeWords(seen)}`);
  };
  try {
    const heads = await waitForRuns({ runs, onChange }, store, signal);
    if (flags.json !== true) for (const head of heads) await showEnd(head, request);
    return Math.max(exitCodes.succeeded, ...heads.map(exitCodeOfHead));
  } catch (error) {
    if (!signal.aborted) throw error;
    const place = flags.store === undefined ? [] : ["--store", flags.store];
    const words = request.name.split(" ");
    const [cancel, wait] = ["cancel", "wait"].map((verb) => formatCommandLine(["launch", verb, ...words, ...place]));
    throw new LaunchError(
      "cancelled",
      `no longer followed; nothing was cancelled. End it: ${cancel ?? ""}; follow it again: ${wait ?? ""}`,
      { cause: error },
    );
  }
}

function changeWords({ run, entry, snapshot }: Seen): string {
  if (entry?.place === "waiting") {
    const { queue, key } = entry;
    const waiting = snapshot.entries.filter((other) => other.place === "waiting" && other.queue === queue);
    const before = waiting.filter((other) => other.key < key).length;
    return `waits in ${queue}, ${before + 1} of ${waiting.length}`;
  }
  if (run.state === "leased") return `taken by ${run.lease?.agent ?? "an agent"}`;
  if (run.state === "building" || run.state === "starting" || run.state === "running") {
    return `${run.state} with ${run.lease?.agent ?? "an agent"}`;
  }
  return endWords(run);
}

function endWords(run: RunHead): string {
  const ms = Date.parse(run.finished_at ?? run.updated_at) - Date.parse(run.started_at ?? run.created_at);
  const time = Number.isFinite(ms) && ms >= 0 ? ` after ${formatDuration(ms)}` : "";
  const code = run.reason === "exit-code" ? ` ${run.exit_code ?? ""}` : "";
  const why = run.state === "failed" && run.reason !== undefined ? ` (${run.reason}${code})` : "";
  const message =
    run.state === "failed" && run.reason !== "exit-code" && run.message !== undefined
      ? `: ${oneLine(run.message)}`
      : "";
  const metrics = metricsInWords(run.metrics ?? {}, 3);
  return `${run.state}${why}${time}${message}${metrics === "" ? "" : ` · ${metrics}`}`;
}

const shownLines = 10;

/** A failed run's last lines, and where the rest is. */
async function showEnd(run: RunHead, { store, flags, console }: FollowRuns): Promise<void> {
  if (run.state !== "failed") return;
  const stored = await store.read(run.run_id, new AbortController().signal);
  const lines = lastLines(stored?.tail ?? "", shownLines);
  const place = flags.store === undefined ? [] : ["--store", flags.store];
  const show = formatCommandLine(["launch", "show", run.run_id, ...place]);
  const shown = [
    ...(lines.length === 0
      ? []
      : [`  last lines of ${run.run_id}`, ...lines.map((line) => `${outputMarks.stdout}${oneLine(line)}`)]),
    phaseLine("record", show, undefined),
  ];
  await console.out.write(`${shown.join("\n")}\n`);
}

function exitCodeOfHead({ state, reason = "lost", message = "" }: RunHead): number {
  if (state === "succeeded") return exitCodes.succeeded;
  return exitCodeOfOutcome({ state: state === "cancelled" ? "cancelled" : "failed", reason, message });
}
