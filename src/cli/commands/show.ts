import { oneLine, plainText, jsonText } from "../../core/output/terminal-text.ts";
import { formatCommandLine } from "../../core/command-line.ts";
import { systemClock } from "../../core/clock.ts";
import { formatAge, formatDuration } from "../../core/duration.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/json.ts";
import { isFinal } from "../../run/states.ts";
import { againFromRecord, specAgain } from "../../submit/reproduce.ts";
import { lastLines } from "../../machine/run-log.ts";
import { readRecord } from "../../run/read-record.ts";
import type { RunRecord } from "../../run/record.ts";
import { reportOf } from "../../reporting/run-report.ts";
import { placeInQueue, type QueuePlaceReport, type ShownRun, showRun } from "../../inspect/show.ts";
import { outputMarks } from "../../reporting/output-marks.ts";
import { phaseLine } from "../../reporting/phase-line.ts";
import { priorityWords, waitingWords } from "../../reporting/queue-report.ts";
import { attemptWords, endWithoutMessage, runWords } from "../../reporting/run-words.ts";
import type { RunReport } from "../../reporting/report.ts";
import { formatBytes, formatLines, formatMetric, outcomeInWords } from "../../reporting/words.ts";
import type { RunHead } from "../../run/head.ts";
import { recordedAs } from "../../run/transitions.ts";
import type { Console } from "../terminal/console.ts";
import type { ShowFlags } from "../program/flags.ts";
import { storeFlags, withRuns } from "../program/open-runs.ts";

const shownLines = 20;
const shownOutputs = 20;

/** `launch show`: one run, for people; or its record, its patch, or the spec to run it again with. */
export async function showCommand(run: string, flags: ShowFlags, console: Console): Promise<number> {
  const chosen = [flags.json, flags.patch, flags.spec].filter((flag) => flag === true);
  if (chosen.length > 1) throw new LaunchError("bad-usage", "--json, --patch and --spec each stand alone; give one");
  const { signal } = new AbortController();
  const text = await withRuns(flags, console, async (runs) => {
    const shown = await showRun(run, runs, signal);
    const plain = chosen.length === 0;
    const place = plain
      ? await placeInQueue(shown.stored.run, { store: runs.store, clock: systemClock }, signal)
      : undefined;
    return textOf(shown, place, flags);
  });
  await console.out.write(text);
  return exitCodes.succeeded;
}

function textOf(shown: ShownRun, place: QueuePlaceReport | undefined, flags: ShowFlags): string | Uint8Array {
  const { record, patch, run } = shown.stored;
  if (flags.json === true) return `${jsonText(record, 2)}\n`;
  if (flags.patch === true) {
    if (patch !== undefined) return patch;
    throw new LaunchError("not-found", `run "${run.run_id}" has no patch in the store`);
  }
  if (flags.spec === true) return `${jsonText(specAgain(readRecord(shown.stored)), 2)}\n`;
  return `${linesOf(shown, place, flags).map(plainText).join("\n")}\n`;
}

function linesOf(
  { stored, live, logFile }: ShownRun,
  place: QueuePlaceReport | undefined,
  flags: ShowFlags,
): readonly string[] {
  const record = agreedRecord(stored);
  const again = againFromRecord(record, storeFlags(flags));
  const report = reportOf({ record, lastLines: lastLines(stored.tail ?? "", shownLines), again });
  const final = isFinal(record.state);
  const failed = final && report.outcome.state !== "succeeded" && !isUnstarted(record);
  const log = command(["logs", report.runId], flags);
  return [
    `${report.runId}  ${stateWords({ record, report, live, run: stored.run, place }, flags)}`,
    ...(final && "message" in report.outcome ? [`  ${oneLine(report.outcome.message)}`] : []),
    ...[...queueFacts(stored.run), ...attemptFacts(record), ...factsOf(record, report)].map(([label, detail]) =>
      phaseLine(label, oneLine(detail), undefined),
    ),
    ...outputLines(record),
    ...(record.log === undefined
      ? []
      : [phaseLine("log", `${logFile ?? log} (${formatLines(record.log.lines)})`, undefined)]),
    ...(failed && report.lastLines.length > 0
      ? ["  last lines", ...report.lastLines.map((line) => `${outputMarks.stdout}${line}`)]
      : []),
    ...nextLines(stored.run, flags),
    ...report.again.map((line, index) => phaseLine(index === 0 ? "again" : "", line, undefined)),
  ];
}

/** The head says where a run stands, as lists do; a record that says another thing was written by another hand. */
function agreedRecord(stored: ShownRun["stored"]): RunRecord {
  const { run, record } = stored;
  return readRecord(record["state"] === run.state ? stored : { run, record: recordedAs(run, record) });
}

type Standing = {
  readonly record: RunRecord;
  readonly report: RunReport;
  readonly live: boolean;
  readonly run: RunHead;
  readonly place: QueuePlaceReport | undefined;
};

/** How it ended, who has it, or where it stands in its queue. */
function stateWords({ record, report, live, run, place }: Standing, flags: ShowFlags): string {
  if (isFinal(record.state)) {
    return isUnstarted(record) ? endWithoutMessage(run) : outcomeInWords(report.outcome, report.elapsedMs);
  }
  const follow = command(["logs", "-f", report.runId], flags);
  if (place?.waiting !== undefined) return waitingWords(place.queue, place.waiting);
  if (live) return `under way on this machine; ${follow} follows it`;
  if (run.lease === undefined) return record.state;
  const silent = place?.holderSilentMs === undefined ? "" : `, which is silent for ${formatAge(place.holderSilentMs)}`;
  const since = Date.parse(run.started_at ?? run.lease.since);
  const time = Number.isNaN(since) ? "" : ` for ${formatAge(Date.now() - since)}`;
  return `${runWords(run)}${silent}${time}`;
}

/** A run of a queue that waits, or was cancelled or refused while it did: no time of it says anything. */
function isUnstarted(record: RunRecord): boolean {
  return record.queued !== undefined && record.started_at === undefined;
}

function command(words: readonly string[], flags: ShowFlags): string {
  return formatCommandLine(["launch", ...words, ...storeFlags(flags)]);
}

/** What can be done with a run of a queue now. */
function nextLines({ run_id: runId, state, queued }: RunHead, flags: ShowFlags): readonly string[] {
  if (queued === undefined || state === "succeeded") return [];
  const words = isFinal(state)
    ? [["requeue", runId]]
    : [
        ["wait", runId],
        ["cancel", runId],
      ];
  return [phaseLine("next", words.map((verb) => command(verb, flags)).join("   ·   "), undefined)];
}

/** The attempts before the last, and why there was another. */
function attemptFacts(record: RunRecord): readonly (readonly [string, string])[] {
  const { attempts = [] } = record;
  const told = attempts.length === 1 && isFinal(record.state) && attempts[0]?.attempt === record.attempt;
  return told ? [] : attempts.map((attempt) => ["attempt", attemptWords(attempt)] as const);
}

function queueFacts({ queued, lease, attempt }: RunHead): readonly (readonly [string, string])[] {
  if (queued === undefined) return [];
  const { queue, priority, group, attempts_max: most } = queued;
  const facts = [
    queue,
    `priority ${priorityWords[priority]}`,
    ...(attempt === 0 ? [] : [`attempt ${attempt} of ${most}`]),
    ...(lease === undefined ? [] : [`with ${lease.agent}`]),
    ...(group === undefined ? [] : [`one of ${group}`]),
  ];
  return [["queue", facts.join(" · ")]];
}

function factsOf(record: RunRecord, report: RunReport): readonly (readonly [string, string])[] {
  const { source } = record;
  const repository = source?.repository === undefined ? "" : ` of ${source.repository}`;
  const folder = source?.subdirectory === undefined ? "" : `, ${source.subdirectory}`;
  const image = report.image === undefined ? "none" : `${report.image}  ${report.imageWords ?? ""}`;
  const words = commandWords(record, report);
  const started = `${report.startedAt.replace("T", " ").slice(0, 19)} UTC by ${record.by}`;
  return [
    ["source", `${report.source}${repository}${folder}`],
    ["image", image],
    ["run", `${report.resource}  ${words}`],
    ...(Object.keys(report.config).length === 0 ? [] : [["config", JSON.stringify(report.config)] as const]),
    [
      isUnstarted(record) ? "queued" : "started",
      `${started}${record.ci === undefined || record.ci.url === "" ? "" : `, ${record.ci.url}`}`,
    ],
    ...(report.phases.length === 0 ? [] : [["phases", phasesInWords(report)] as const]),
    ...Object.entries(report.metrics).map(([name, value]) => ["metric", `${name} ${formatMetric(value)}`] as const),
    ...record.warnings.map((warning) => ["warning", warning] as const),
  ];
}

/** What is run. Of a run that has not started that is known in part: its agent makes the whole. */
function commandWords(record: RunRecord, report: RunReport): string {
  const { command, spec } = record;
  if (command !== undefined || !isUnstarted(record)) {
    return report.command.length === 0 ? "the image's own command" : formatCommandLine(report.command);
  }
  const overrides = spec["overrides"];
  const given = isJsonObject(overrides) ? overrides["entry_point"] : undefined;
  const entry = Array.isArray(given) ? given.filter((word) => typeof word === "string") : [];
  return [...(entry.length === 0 ? [] : [formatCommandLine(entry)]), formatCommandLine(report.command)]
    .join(" ")
    .trim();
}

function phasesInWords({ phases }: RunReport): string {
  return phases.map(({ phase, elapsedMs }) => `${phase} ${formatDuration(elapsedMs)}`).join(" · ");
}

function outputLines({ outputs = [] }: RunRecord): readonly string[] {
  const lines = outputs
    .slice(0, shownOutputs)
    .map(({ path, bytes }) => phaseLine("output", `${oneLine(path)} (${formatBytes(bytes)})`, undefined));
  return outputs.length > shownOutputs
    ? [...lines, phaseLine("", `and ${outputs.length - shownOutputs} more`, undefined)]
    : lines;
}
