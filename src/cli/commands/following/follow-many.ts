import { formatCommandLine } from "../../../core/command-line.ts";
import { formatDuration } from "../../../core/duration.ts";
import { joined, ours, quoted } from "../../../core/output/said.ts";
import { isFinal } from "../../../run/states.ts";
import type { Seen } from "../../../queueing/wait-runs.ts";
import { estimateWords } from "../../../reporting/queue-report.ts";
import { lastedMs, runWords } from "../../../reporting/run-words.ts";
import { metricsInWords } from "../../../reporting/words.ts";
import { phaseLine } from "../../../reporting/phase-line.ts";
import type { RunHead } from "../../../run/head.ts";
import { columns } from "../../terminal/columns.ts";
import type { Follower, FollowRuns } from "./follow-runs.ts";
import { storeFlags } from "../../program/open-runs.ts";

/** Of many failed runs so many are named with what to look at. */
const shownFailures = 3;

/** What is said of many runs: a line when one is under way and one when it has ended, how far all are, and a table at the end. */
export function followMany(request: FollowRuns): Follower {
  const { runs, log } = request;
  const legs = new Map(runs.map(({ runId, leg = "" }) => [runId, leg]));
  const ended = new Set<string>();
  const said = new Map<string, string>();
  const width = String(runs.length).length;
  return {
    onChange: ({ run }) => {
      if (isFinal(run.state)) ended.add(run.run_id);
      // A line for each place in the queue would be as many as there are runs, for each that starts.
      const words = run.state === "queued" && run.attempt > 0 ? "waits for another try" : runWords(run);
      const isNews = run.state !== "leased" && (run.state !== "queued" || run.attempt > 0);
      if (isNews && said.get(run.run_id) !== words) {
        const leg = legs.get(run.run_id) ?? "";
        const count = `${String(ended.size).padStart(width)}/${runs.length}`;
        log.info(joined([ours(count), ours(run.run_id), quoted(leg), quoted(words)], "  "));
        said.set(run.run_id, words);
      }
      return Promise.resolve();
    },
    onLook: (seen) => {
      if (ended.size < runs.length)
        log.phase({ phase: "queue", status: "progress", detail: ours(progressWords(seen)) });
    },
    stop: () => Promise.resolve(),
    end: async (heads) => {
      const counts = countsOf(heads.map(({ state }) => state));
      log.phase({ phase: "done", status: "ended", detail: ours(counts), elapsedMs: undefined });
      await request.console.out.write(`${endTable(heads, legs)}${failureLines(heads, request)}`);
    },
  };
}

/** `2 of 4 ended, 1 running, 1 waiting: the next starts in ~14 min`. */
function progressWords(seen: readonly Seen[]): string {
  const waiting = seen.filter((item) => item.waiting !== undefined);
  const ended = seen.filter(({ run }) => isFinal(run.state)).length;
  const running = seen.length - ended - waiting.length;
  const [next] = waiting.flatMap(({ waiting: report }) => report?.startsIn ?? []);
  const when = next === undefined ? "" : `: the next starts in ${estimateWords(next)}`;
  return `${ended} of ${seen.length} ended, ${running} running, ${waiting.length} waiting${when}`;
}

function countsOf(states: readonly string[]): string {
  const distinct = [...new Set(states)].sort().reverse();
  return distinct.map((state) => `${states.filter((other) => other === state).length} ${state}`).join(", ");
}

function endTable(heads: readonly RunHead[], legs: ReadonlyMap<string, string>): string {
  const withLegs = [...legs.values()].some((leg) => leg !== "");
  const head = ["run", ...(withLegs ? ["with"] : []), "state", "lasted", "attempts", "metrics"];
  const rows = heads.map((run) => {
    const ms = lastedMs(run);
    const code = run.reason === "exit-code" ? ` ${run.exit_code ?? ""}` : "";
    const why = run.state === "failed" && run.reason !== undefined ? ` (${run.reason}${code})` : "";
    return [
      run.run_id,
      ...(withLegs ? [legs.get(run.run_id) ?? ""] : []),
      `${run.state}${why}`,
      ms === undefined ? "" : formatDuration(ms),
      String(run.attempt),
      metricsInWords(run.metrics ?? {}, 3),
    ];
  });
  const lines = columns([head, ...rows]).split("\n");
  return lines.map((line) => `  ${line}\n`).join("");
}

function failureLines(heads: readonly RunHead[], { flags }: FollowRuns): string {
  const failed = heads.filter(({ state }) => state === "failed");
  const lines = failed
    .slice(0, shownFailures)
    .map(({ run_id: runId }) =>
      phaseLine("log", formatCommandLine(["launch", "logs", runId, ...storeFlags(flags)]), undefined),
    );
  if (failed.length > shownFailures) lines.push(`  and ${failed.length - shownFailures} more that failed`);
  return lines.map((line) => `${line}\n`).join("");
}
