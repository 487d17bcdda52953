import { formatCommandLine } from "../core/command-line.ts";
import { formatDuration } from "../core/duration.ts";
import { exitCodes, LaunchError } from "../core/errors.ts";
import { isFinal } from "../core/run.ts";
import { againFromRecord, specAgain } from "../launch/again.ts";
import { lastLines } from "../launch/run-log.ts";
import { readRecord } from "../launch/read-record.ts";
import type { RunRecord } from "../launch/record.ts";
import { reportOf } from "../launch/report.ts";
import { type ShownRun, showRun } from "../launch/show.ts";
import { withoutControls } from "../reporting/markdown.ts";
import { outputMarks } from "../reporting/output-marks.ts";
import { phaseLine } from "../reporting/phase-line.ts";
import { priorityWords } from "../reporting/queue-report.ts";
import type { RunReport } from "../reporting/report.ts";
import { formatBytes, formatLines, formatMetric, oneLine, outcomeInWords } from "../reporting/words.ts";
import type { RunHead } from "../stores/store.ts";
import type { Console } from "./console.ts";
import type { ShowFlags } from "./flags.ts";
import { withRuns } from "./open-runs.ts";

const shownLines = 20;
const shownOutputs = 20;

/** `launch show`: one run, for people; or its record, its patch, or the spec to run it again with. */
export async function showCommand(run: string, flags: ShowFlags, console: Console): Promise<number> {
  const chosen = [flags.json, flags.patch, flags.spec].filter((flag) => flag === true);
  if (chosen.length > 1) throw new LaunchError("bad-usage", "--json, --patch and --spec each stand alone; give one");
  const shown = await withRuns(flags, console, (runs) => showRun(run, runs, new AbortController().signal));
  await console.out.write(textOf(shown, flags));
  return exitCodes.succeeded;
}

function textOf(shown: ShownRun, flags: ShowFlags): string | Uint8Array {
  const { record, patch, run } = shown.stored;
  if (flags.json === true) return `${JSON.stringify(record, undefined, 2)}\n`;
  if (flags.patch === true) {
    if (patch !== undefined) return patch;
    throw new LaunchError("not-found", `run "${run.run_id}" has no patch in the store`);
  }
  if (flags.spec === true) return `${JSON.stringify(specAgain(readRecord(shown.stored)), undefined, 2)}\n`;
  return `${linesOf(shown, flags).map(withoutControls).join("\n")}\n`;
}

function linesOf({ stored, live, logFile }: ShownRun, flags: ShowFlags): readonly string[] {
  const record = readRecord(stored);
  const again = againFromRecord(record, flags.store === undefined ? [] : ["--store", formatCommandLine([flags.store])]);
  const report = reportOf({ record, lastLines: lastLines(stored.tail ?? "", shownLines), again });
  const final = isFinal(record.state);
  const state = final
    ? outcomeInWords(report.outcome, report.elapsedMs)
    : live
      ? `under way on this machine; launch logs -f ${report.runId} follows it`
      : record.state;
  const failed = final && report.outcome.state !== "succeeded";
  return [
    `${report.runId}  ${state}`,
    ...(failed && "message" in report.outcome ? [`  ${oneLine(report.outcome.message)}`] : []),
    ...[...queueFacts(stored.run), ...factsOf(record, report)].map(([label, detail]) =>
      phaseLine(label, oneLine(detail), undefined),
    ),
    ...outputLines(record),
    ...(record.log === undefined
      ? []
      : [
          phaseLine("log", `${logFile ?? `launch logs ${report.runId}`} (${formatLines(record.log.lines)})`, undefined),
        ]),
    ...(failed && report.lastLines.length > 0
      ? ["  last lines", ...report.lastLines.map((line) => `${outputMarks.stdout}${line}`)]
      : []),
    ...report.again.map((line, index) => phaseLine(index === 0 ? "again" : "", line, undefined)),
  ];
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
  const image = report.image === undefined ? "none" : `${report.image}  ${report.imageSummary ?? ""}`;
  const command = report.command.length === 0 ? "the image's own command" : formatCommandLine(report.command);
  const started = `${report.startedAt.replace("T", " ").slice(0, 19)} UTC by ${record.by}`;
  return [
    ["source", `${report.source}${repository}${folder}`],
    ["image", image],
    ["run", `${report.resource}  ${command}`],
    ...(Object.keys(report.config).length === 0 ? [] : [["config", JSON.stringify(report.config)] as const]),
    [
      record.state === "queued" ? "queued" : "started",
      `${started}${record.ci === undefined || record.ci.url === "" ? "" : `, ${record.ci.url}`}`,
    ],
    ...(report.phases.length === 0 ? [] : [["phases", phasesInWords(report)] as const]),
    ...Object.entries(report.metrics).map(([name, value]) => ["metric", `${name} ${formatMetric(value)}`] as const),
    ...record.warnings.map((warning) => ["warning", warning] as const),
  ];
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
