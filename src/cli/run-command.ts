import { homedir } from "node:os";
import { formatCommandLine } from "../core/command-line.ts";
import { systemClock } from "../core/clock.ts";
import { exitCodes } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { stateDirectoryOf } from "../core/state-directory.ts";
import type { ResolvedDraft } from "../launch/draft.ts";
import { launch } from "../launch/launch.ts";
import { thisLauncher } from "../launch/launcher.ts";
import { exitCodeOfOutcome } from "../launch/outcome.ts";
import { userName } from "../launch/owner.ts";
import { resultOf } from "../launch/result.ts";
import type { LaunchRequest, RunResult, Services } from "../launch/services.ts";
import { chooseStore } from "../launch/store-choice.ts";
import { phaseLine } from "../reporting/phase-line.ts";
import { outputMarks } from "../reporting/output-marks.ts";
import { formatLines } from "../reporting/words.ts";
import type { Console } from "./console.ts";
import { draftFromFlags } from "./draft-from-flags.ts";
import { reportFaults } from "./faults.ts";
import type { RunFlags, Words } from "./flags.ts";
import { interruption } from "../core/interruption.ts";
import { eventWriter } from "./json-log.ts";
import { openLog } from "./open-log.ts";

/** `launch run`: from the words and flags to a finished run. */
export async function runCommand(words: Words, flags: RunFlags, console: Console): Promise<number> {
  const { log, stop } = openLog(console, { json: flags.json === true, verbose: flags.verbose === true });
  const interrupted = interruption({
    onFirst: (name) => log.info(`${name}: ending the run (again to end at once)`),
    onSecond: () => log.info("killing the run"),
    onForce: () => {
      process.stderr.write("ended at once; `launch prune` takes away what may be left of the run\n");
      process.exit(exitCodes.cancelled);
    },
  });
  try {
    const draft = await draftFromFlags(words, flags, console, interrupted.signal);
    if (draft.kind === "faults") return await reportFaults(draft, flags.json === true, console);
    const request = requestOf(draft, flags);
    const services = { ...servicesOf(draft, flags, console, log), force: interrupted.force };
    if (flags.dryRun === true) {
      const { dryRun } = await import("./dry-run.ts");
      return await dryRun(request, services, { json: flags.json === true, console, signal: interrupted.signal });
    }
    const result = await launch(request, services, interrupted.signal);
    stop();
    if (flags.json === true) await eventWriter(console.out)("result", resultOf(result));
    else await showEnd(result, flags, console);
    return exitCodeOfOutcome(result.outcome);
  } finally {
    stop();
    interrupted.stop();
  }
}

function requestOf(draft: ResolvedDraft, flags: RunFlags): LaunchRequest {
  return {
    spec: draft.spec,
    config: draft.config,
    baseDirectory: draft.baseDirectory,
    includeUntracked: flags.includeUntracked === true,
    warnings: draft.warnings,
    secrets: {},
    by: userName(),
    ci: undefined,
  };
}

function servicesOf(draft: ResolvedDraft, flags: RunFlags, { environment }: Console, log: Log): Services {
  const state = stateDirectoryOf(environment, homedir());
  const tokens = {};
  return {
    log,
    clock: systemClock,
    state,
    store: chooseStore({
      given: flags.store ?? draft.config.store,
      byDefault: undefined,
      isPublic: true,
      state,
      tokens,
      log,
    }),
    environment,
    tokens,
    launcher: thisLauncher(),
  };
}

/** More of a failed run's output than this has scrolled by, so its end is worth showing again under the reason. */
const recentLines = 10;

/** What a person needs after the run: why it failed, where the whole story is, how to see it again. */
async function showEnd(result: RunResult, flags: RunFlags, { out }: Console): Promise<void> {
  const { outcome, record, detail, lastLines, logFile, runId } = result;
  const lines: string[] = [];
  if (outcome.state === "failed") {
    const all = record.log?.lines ?? 0;
    const end = detail.length > 0 ? detail : all > recentLines ? lastLines.slice(-recentLines) : [];
    if (end.length > 0) lines.push("  last lines", ...end.map((line) => `${outputMarks.stdout}${line}`));
    if (record.log !== undefined) lines.push(phaseLine("log", `${logFile} (${formatLines(all)})`, undefined));
  }
  const store = flags.store === undefined ? [] : ["--store", flags.store];
  const show = formatCommandLine(["launch", "show", runId, ...store]);
  lines.push(phaseLine("record", show, undefined));
  await out.write(`${lines.join("\n")}\n`);
}
