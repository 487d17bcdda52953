import { formatCommandLine } from "../core/command-line.ts";
import { dispatchWorkflow } from "../github/dispatch.ts";
import { type Seen, waitForRuns } from "../queueing/wait-runs.ts";
import { queueViewer } from "../queueing/watch-queues.ts";
import { systemClock } from "../core/clock.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/output/log.ts";
import type { Tokens } from "../core/token.ts";
import { ours, quoted, say } from "../core/output/said.ts";
import { isFinal } from "../run/states.ts";
import { nobodyWords, waitingWords } from "../reporting/queue-report.ts";
import { runWords } from "../reporting/run-words.ts";
import type { RunHead } from "../run/head.ts";
import type { Exit } from "./exit.ts";
import type { JobPlace } from "./job-place.ts";
import type { Submitted } from "../submit/submit.ts";

type Queued = Submitted & { readonly kind: "enqueued" };

/** Says where runs stand that wait in their queues; with `wait`, follows them to their ends. Closes the store. */
export async function queuedOnGitHub(queued: Queued, place: JobPlace, signal: AbortSignal): Promise<Exit> {
  const { enqueued, store, tokens } = queued;
  const { inputs, log } = place;
  try {
    if (enqueued.runs.some(({ present }) => present === undefined || !isFinal(present.state))) {
      await wake(place, tokens, signal);
    }
    const found = { kind: "queued", enqueued, store: store.location } as const;
    if (inputs.settings.wait === true) {
      const heads = await follow(queued, log, signal);
      return { ...found, heads, places: new Map(), nobody: [] };
    }
    const { places, nobody } = await placesOf(queued, log, signal);
    for (const words of places.size === 1 ? places.values() : []) log.info(quoted(words));
    const isWoken = inputs.settings.wake !== undefined;
    if (!isWoken) for (const words of nobody) log.info(quoted(words));
    return { ...found, heads: undefined, places, nobody: isWoken ? [] : nobody };
  } finally {
    await store.close();
  }
}

/** Starts the workflow of an agent, so that the run needn't wait for its next time. */
async function wake({ inputs, context, log }: JobPlace, tokens: Tokens, signal: AbortSignal): Promise<void> {
  const { wake: workflow } = inputs.settings;
  if (workflow === undefined) return;
  const said = await dispatchWorkflow({ context, environment: process.env, tokens, workflow }, signal);
  if (said === undefined) log.info(say`started the workflow ${workflow}`);
  else log.warning(say`the workflow ${workflow} could not be started (${said}); the run waits for the next agent`);
}

type Places = { readonly places: ReadonlyMap<string, string>; readonly nobody: readonly string[] };

/** Where the runs stand that wait, for the log and the summary; it is nothing to fail for when the store doesn't say. */
async function placesOf({ enqueued, store }: Queued, log: Log, signal: AbortSignal): Promise<Places> {
  const { runs } = enqueued;
  const queues = [...new Set(runs.map(({ queue }) => queue))];
  try {
    const viewer = queueViewer(store, systemClock);
    const snapshot = await viewer.look(queues, signal);
    const reports = queues.map((queue) => viewer.report(queue, snapshot));
    const ids = new Set(runs.map(({ runId }) => runId));
    const waiting = reports.flatMap((report) =>
      report.waiting
        .filter(({ runId }) => ids.has(runId))
        .map((run) => [run.runId, waitingWords(report.queue, run)] as const),
    );
    const nobody = reports.flatMap((report) => nobodyWords(report, ["--store", store.location]) ?? []);
    return { places: new Map(waiting), nobody: waiting.length === 0 ? [] : nobody };
  } catch (error) {
    signal.throwIfAborted();
    log.debug(say`where the runs stand is not known: ${messageOf(error)}`);
    return { places: new Map(), nobody: [] };
  }
}

/** Follows the runs to their ends. A job that is cancelled meanwhile cancels none of them. */
async function follow({ enqueued, store }: Queued, log: Log, signal: AbortSignal): Promise<readonly RunHead[]> {
  const { runs, group } = enqueued;
  const said = new Map<string, string>();
  const onChange = ({ run, waiting }: Seen): void => {
    const queue = run.queued?.queue ?? "";
    // Of many, each place that each of them takes would be as many lines as there are pairs of them.
    const words = waiting === undefined ? runWords(run) : runs.length === 1 ? waitingWords(queue, waiting) : "waiting";
    if (said.get(run.run_id) !== words) log.info(say`${ours(run.run_id)}  ${words}`);
    said.set(run.run_id, words);
  };
  try {
    const onTrouble = (message: string): void => log.warning(say`${message}; asking again`);
    return await waitForRuns({ runs, onChange, onTrouble }, { store, clock: systemClock }, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    const name = group ?? runs[0]?.runId ?? "";
    throw new LaunchError(
      "cancelled",
      `no longer followed; nothing was cancelled. End it: ${formatCommandLine(["launch", "cancel", name, "--store", store.location])}`,
      { cause: error },
    );
  }
}
