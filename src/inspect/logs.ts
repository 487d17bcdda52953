import { dirname } from "node:path";
import type { Clock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import { isFinal } from "../run/states.ts";
import { runIdPattern } from "../run/run-id.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { RunHead } from "../run/head.ts";
import type { Store } from "../stores/store.ts";
import type { StoredRun } from "../run/document.ts";
import { recordOf } from "../run/read-record.ts";
import type { RunRecord } from "../run/record.ts";
import { findRun } from "../queueing/find-run.ts";
import { type LogChunk, readLogFile, unmarkedChunks } from "../machine/log-file.ts";
import { attemptsHere, type WantedAttempts } from "../machine/attempts-here.ts";
import { isLiveHere } from "../machine/live-entry.ts";
import { ifThere } from "./show.ts";

export type LogsRequest = {
  /** A run's id, or the start of one. */
  readonly run: string;
  /** Go on until it has ended: with its output where it is on this machine, elsewhere with the end that the store gets. */
  readonly follow: boolean;
};

export type RunOutput = {
  readonly runId: string;
  readonly origin:
    | { readonly kind: "file"; readonly path: string; readonly live: boolean }
    /** The end that the store keeps; `whole` says where all of it is, or will be, as far as the record knows. */
    | {
        readonly kind: "tail";
        readonly whole: string | undefined;
        readonly run: RunHead;
        /** What is wrong with its record, which would say where the whole is. */
        readonly unreadable?: string;
      };
  /** For `for await`. Chunks of whole lines, without the marks that they have in the file. */
  readonly chunks: AsyncIterable<LogChunk> | Iterable<LogChunk>;
};

export type LogsServices = { readonly store: Store; readonly state: StateDirectory; readonly clock: Clock };

/** How often a file that is being written is looked at. */
const pollMs = 200;

/** How often a store is asked for a run that isn't here. */
const storePollMs = 3_000;

/** A run's output: the whole log where it ran, elsewhere the end that its store keeps. */
export async function readLog(request: LogsRequest, services: LogsServices, signal: AbortSignal): Promise<RunOutput> {
  const { state, store } = services;
  // A run on this machine needs no store: it may be new, or the store out of reach.
  const here = runIdPattern.test(request.run) ? await outputHere(request, services, signal) : undefined;
  if (here !== undefined) return (await laterElsewhere(here, services, signal)) ?? here;
  const stored = await findRun(request.run, store, signal);
  const runId = stored.run.run_id;
  const whole = { ...request, run: runId };
  const found = await outputHere({ ...whole, head: stored.run }, services, signal);
  if (found !== undefined) return found;
  return {
    runId,
    origin: tailOf(stored, state),
    chunks:
      request.follow && !isFinal(stored.run.state)
        ? followToTail(whole, services, signal)
        : unmarkedChunks(stored.tail ?? ""),
  };
}

/** The end of a later attempt that another machine had; undefined when the log that is here is the run's last. */
async function laterElsewhere(
  { runId, origin }: RunOutput,
  { store, state }: LogsServices,
  signal: AbortSignal,
): Promise<RunOutput | undefined> {
  if (origin.kind === "file" && origin.live) return undefined;
  const stored = await ifAnswered(() => store.read(runId, signal), signal);
  if (stored?.run.queued === undefined || !isFinal(stored.run.state)) return undefined;
  const host = recordIn(stored)?.launcher.host;
  if (host === undefined || host === state.host) return undefined;
  return {
    runId,
    origin: tailOf(stored, state),
    chunks: unmarkedChunks(stored.tail ?? ""),
  };
}

/** What is here is shown also when the store can't be asked. */
async function ifAnswered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof LaunchError)) throw error;
    return undefined;
  }
}

/** A run that waits, or is at work elsewhere, is waited for: its log may come to be here, else its store has the end of it. */
async function* followToTail(
  request: LogsRequest,
  services: LogsServices,
  signal: AbortSignal,
): AsyncGenerator<LogChunk> {
  for (;;) {
    const here = await outputHere(request, services, signal);
    if (here !== undefined) {
      yield* here.chunks;
      return;
    }
    const stored = await services.store.read(request.run, signal);
    if (stored === undefined) return;
    if (isFinal(stored.run.state)) {
      yield* unmarkedChunks(stored.tail ?? "");
      return;
    }
    await services.clock.sleep(storePollMs, signal);
  }
}

export type FollowHere = {
  readonly runId: string;
  /** Asked at the log's end: whether more may come, from this attempt or another. */
  readonly isOver: () => boolean;
};

/** A run's output as it comes to this machine's log of it, over all of its attempts; nothing where it runs elsewhere. */
export function followHere(
  { runId, isOver }: FollowHere,
  { store, state, clock }: LogsServices,
  signal: AbortSignal,
): AsyncIterable<LogChunk> {
  const last = (): Promise<LogHere | undefined> => logHere(state, { runId, store: store.location });
  const file = {
    path: async () => (await last())?.path,
    isWritten: async () => !isOver() || (await last())?.live === true,
    pause: () => clock.sleep(pollMs, signal),
  };
  return readLogFile(file, signal);
}

type LogHere = { readonly path: string; readonly live: boolean };

/** The log of the last attempt on this machine that has one, or is at work. */
async function logHere(state: StateDirectory, wanted: WantedAttempts): Promise<LogHere | undefined> {
  for (const { name } of await attemptsHere(state, wanted)) {
    const path = state.logFile(name);
    const live = await isLiveHere(state, name);
    if (live || (await ifThere(path)) !== undefined) return { path, live };
  }
  return undefined;
}

/** Of a whole id, and of the store that is asked: another's run of the same id may be here too. */
async function outputHere(
  { run: runId, follow, head: run }: LogsRequest & { readonly head?: RunHead },
  services: LogsServices,
  signal: AbortSignal,
): Promise<RunOutput | undefined> {
  const { state, clock, store } = services;
  const last = (): Promise<LogHere | undefined> => logHere(state, { runId, store: store.location, run });
  const found = await last();
  if (found === undefined) return undefined;
  const mayGoOn = waitsInQueue(runId, services, signal);
  const file = {
    path: async () => (await last())?.path,
    isWritten: async () => follow && ((await last())?.live === true || (await mayGoOn())),
    pause: () => clock.sleep(pollMs, signal),
  };
  return { runId, origin: { kind: "file", ...found }, chunks: readLogFile(file, signal) };
}

/** Whether a run that nobody is at work on here waits in a queue for another attempt. Its store is asked now and then. */
function waitsInQueue(runId: string, { store, clock }: LogsServices, signal: AbortSignal): () => Promise<boolean> {
  let askedMs = Number.NEGATIVE_INFINITY;
  let answer = false;
  return async () => {
    if (clock.monotonicMs() - askedMs < storePollMs) return answer;
    const run = (await ifAnswered(() => store.read(runId, signal), signal))?.run;
    answer = run?.queued !== undefined && !isFinal(run.state);
    askedMs = clock.monotonicMs();
    return answer;
  };
}

/** Where the whole log of a run is that may have been on this machine: its file, while that is here. */
export async function wholeLogOf(
  stored: StoredRun,
  { store, state }: Omit<LogsServices, "clock">,
): Promise<string | undefined> {
  const here = await logHere(state, { runId: stored.run.run_id, store: store.location, run: stored.run });
  const isOfHere = here !== undefined && here.path === recordIn(stored)?.log?.file;
  return isOfHere ? here.path : whereaboutsOf(stored, state);
}

/** Where the whole log is: the CI job that ran it, or the file on its machine. Undefined for a run without one. */
function whereaboutsOf(stored: StoredRun, state: StateDirectory): string | undefined {
  const { queued, attempt } = stored.run;
  // Who put a run into a queue has none of its log.
  if (queued !== undefined && attempt === 0) return undefined;
  const { log, launcher, ci } = recordIn(stored) ?? {};
  const url = queued === undefined ? ci?.url : launcher?.job;
  if (url !== undefined) return url;
  if (log === undefined || launcher === undefined) return undefined;
  const where = `${log.file} on ${launcher.host}`;
  return launcher.host === state.host && dirname(dirname(log.file)) === state.runs
    ? `${where}, where it is no longer`
    : where;
}

function tailOf(stored: StoredRun, state: StateDirectory): RunOutput["origin"] {
  const read = recordOf(stored);
  const tail = { kind: "tail", whole: whereaboutsOf(stored, state), run: stored.run } as const;
  return read.kind === "record" ? tail : { ...tail, unreadable: read.why };
}

/** Undefined for one that can't be read: the end of the log is there all the same. */
function recordIn(stored: StoredRun): RunRecord | undefined {
  const read = recordOf(stored);
  return read.kind === "record" ? read.record : undefined;
}
