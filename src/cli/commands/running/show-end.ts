import { formatCommandLine } from "../../../core/command-line.ts";
import type { RunResult } from "../../../launch/services.ts";
import { outputMarks } from "../../../reporting/output-marks.ts";
import { phaseLine } from "../../../reporting/phase-line.ts";
import { formatLines } from "../../../reporting/words.ts";
import { exitCodeOfOutcome } from "../../../run/outcome.ts";
import { resultOf } from "../../../submit/result.ts";
import type { JsonFlags, StoreFlags } from "../../program/flags.ts";
import { storeFlags } from "../../program/open-runs.ts";
import type { Console } from "../../terminal/console.ts";
import { eventWriter } from "../../terminal/json-log.ts";

/** More of a failed run's output than this has scrolled by, so its end is worth showing again under the reason. */
const recentLines = 10;

/** What a person needs after the run: why it failed, where the whole story is, how to see it again. Returns the exit code. */
export async function showEnd(
  result: RunResult,
  flags: StoreFlags & JsonFlags,
  { out }: Pick<Console, "out">,
): Promise<number> {
  if (flags.json === true) await eventWriter(out)("result", resultOf(result));
  else await out.write(`${endLines(result, flags).join("\n")}\n`);
  return exitCodeOfOutcome(result.outcome);
}

function endLines({ outcome, record, detail, lastLines, logFile, runId }: RunResult, flags: StoreFlags): string[] {
  const lines: string[] = [];
  if (outcome.state === "failed") {
    const all = record.log?.lines ?? 0;
    const end = detail.length > 0 ? detail : all > recentLines ? lastLines.slice(-recentLines) : [];
    if (end.length > 0) lines.push("  last lines", ...end.map((line) => `${outputMarks.stdout}${line}`));
    if (record.log !== undefined) lines.push(phaseLine("log", `${logFile} (${formatLines(all)})`, undefined));
  }
  const show = formatCommandLine(["launch", "show", runId, ...storeFlags(flags)]);
  return [...lines, phaseLine("record", show, undefined)];
}
