import { oneLine } from "../../../core/output/terminal-text.ts";
import { formatCommandLine } from "../../../core/command-line.ts";
import { systemClock } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import { countLines } from "../../../core/output/lines.ts";
import { quoted, say } from "../../../core/output/said.ts";
import { isFinal } from "../../../run/states.ts";
import { attemptsIn } from "../../../run/read-record.ts";
import { followHere, wholeLogOf } from "../../../inspect/logs.ts";
import { lastLines } from "../../../machine/run-log.ts";
import type { Seen } from "../../../queueing/wait-runs.ts";
import { outputMarks } from "../../../reporting/output-marks.ts";
import { phaseLine } from "../../../reporting/phase-line.ts";
import { waitingWords } from "../../../reporting/queue-report.ts";
import { attemptWords, endWords, runWords } from "../../../reporting/run-words.ts";
import type { RunHead } from "../../../run/head.ts";
import type { Follower, FollowRuns } from "./follow-runs.ts";
import { storeFlags } from "../../program/open-runs.ts";

/** The end of the output is shown again when more than this has scrolled by since. */
const shownLines = 10;

/** What is said of one run: its place while it waits, then its output where it runs on this machine, at last how it ended. */
export function followOne(request: FollowRuns, signal: AbortSignal): Follower {
  const { log } = request;
  const output = outputFollower(request, signal);
  let said = "";
  return {
    onChange: async (seen) => {
      const { run, waiting } = seen;
      if (waiting === undefined && !isFinal(run.state)) output.begin();
      if (waiting !== undefined && run.attempt > 0 && said !== `queued ${run.attempt}`) await sayAttempt(run, request);
      said = waiting === undefined ? run.state : `queued ${run.attempt}`;
      if (!isFinal(run.state)) log.info(quoted(wordsOf(seen)));
    },
    onLook: ([seen]) => {
      if (seen === undefined || isFinal(seen.run.state)) return;
      // What moves on a terminal; a log has the lines above.
      const phase = seen.waiting === undefined ? "run" : "queue";
      log.phase({ phase, status: "progress", detail: quoted(wordsOf(seen)) });
    },
    stop: () => output.end(),
    end: async ([run]) => {
      if (run === undefined) return;
      const status = run.state === "succeeded" ? "ended" : "failed";
      log.phase({ phase: "done", status, detail: quoted(endWords(run)), elapsedMs: undefined });
      await showEnd(run, request, output.lines());
    },
  };
}

function wordsOf({ run, waiting }: Seen): string {
  return waiting === undefined ? runWords(run) : waitingWords(run.queued?.queue ?? "", waiting);
}

/** A run that waits again: what became of the attempt before. */
async function sayAttempt({ run_id: runId }: RunHead, { store, log }: FollowRuns): Promise<void> {
  const stored = await store.read(runId, AbortSignal.timeout(readMs));
  const last = attemptsIn(stored?.record ?? {}).at(-1);
  if (last !== undefined) log.info(say`attempt ${attemptWords(last)}`);
}

const readMs = 30_000;

type OutputFollower = {
  begin(): void;
  /** Reads what is left. */
  end(): Promise<void>;
  /** How many lines have been shown. */
  lines(): number;
};

/** A run that has ended has all of its output in its file; what holds us up longer is no longer waited for. */
const lastOutputMs = 5_000;

function outputFollower({ runs, store, state, log }: FollowRuns, signal: AbortSignal): OutputFollower {
  let over = false;
  let lines = 0;
  let following: Promise<void> | undefined;
  const stopped = new AbortController();
  const follow = async (): Promise<void> => {
    const runId = runs[0]?.runId ?? "";
    const either = AbortSignal.any([signal, stopped.signal]);
    try {
      const chunks = followHere({ runId, isOver: () => over }, { store, state, clock: systemClock }, either);
      for await (const { stream, text } of chunks) {
        const bytes = Buffer.from(text);
        lines += countLines(bytes);
        await log.output({ stream, bytes, lines: countLines(bytes) });
      }
    } catch (error) {
      if (!either.aborted) log.warning(say`its output can't be followed any further: ${messageOf(error)}`);
    }
  };
  return {
    begin: () => {
      following ??= follow();
    },
    end: async () => {
      over = true;
      const timer = setTimeout(() => stopped.abort(), lastOutputMs);
      await following;
      clearTimeout(timer);
    },
    lines: () => lines,
  };
}

/** A failed run's last lines where they have not just been seen, where the rest is, and what to do next. */
async function showEnd(run: RunHead, request: FollowRuns, shown: number): Promise<void> {
  const { store, state, flags, console } = request;
  const stored = await store.read(run.run_id, AbortSignal.timeout(readMs));
  const command = (...words: readonly string[]): string =>
    formatCommandLine(["launch", ...words, run.run_id, ...storeFlags(flags)]);
  const seen = shown > 0 && shown <= shownLines;
  const last = run.state === "failed" && !seen ? lastLines(stored?.tail ?? "", shownLines) : [];
  const whole = stored === undefined || shown > 0 ? undefined : await wholeLogOf(stored, { store, state });
  const again = run.state === "succeeded" ? "" : `   ·   again: ${command("requeue")}`;
  const lines = [
    ...(last.length === 0 ? [] : ["  last lines", ...last.map((line) => `${outputMarks.stdout}${oneLine(line)}`)]),
    ...(whole === undefined ? [] : [phaseLine("log", whole, undefined)]),
    phaseLine("record", `${command("show")}${again}`, undefined),
  ];
  await console.out.write(`${lines.join("\n")}\n`);
}
