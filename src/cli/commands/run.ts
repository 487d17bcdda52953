import { homedir } from "node:os";
import { formatCommandLine } from "../../core/command-line.ts";
import { systemClock } from "../../core/clock.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import type { Log } from "../../core/output/log.ts";
import { stateDirectoryOf } from "../../core/state-directory.ts";
import type { ResolvedDraft } from "../../submit/draft.ts";
import { variantsOf } from "../../submit/each.ts";
import type { EnqueuedLaunch } from "../../queueing/enqueue-request.ts";
import { launch } from "../../launch/launch.ts";
import { thisLauncher } from "../../launch/services.ts";
import { exitCodeOfOutcome } from "../../run/outcome.ts";
import { userName } from "../../submit/owner.ts";
import { resultOf } from "../../submit/result.ts";
import type { LaunchRequest, RunResult, Services } from "../../launch/services.ts";
import { chooseStore } from "../../stores/choose-store.ts";
import { phaseLine } from "../../reporting/phase-line.ts";
import { outputMarks } from "../../reporting/output-marks.ts";
import { formatLines } from "../../reporting/words.ts";
import type { Console } from "../terminal/console.ts";
import { draftFromFlags } from "../program/draft-from-flags.ts";
import { reportFaults } from "../terminal/faults.ts";
import type { RunFlags, Words } from "../program/flags.ts";
import { interruption } from "../../core/interruption.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { openLog } from "../terminal/open-log.ts";
import { queuesOfCommand } from "../program/open-queues.ts";
import { ownTokens } from "../program/tokens.ts";

/** What `launch run` is given: one or, for a queue, several things to launch. */
export type RunWords = { readonly whats: readonly string[]; readonly command: Words["command"] };

/** `launch run`: from the words and flags to a finished run, or to runs that wait in a queue. */
export async function runCommand(words: RunWords, flags: RunFlags, console: Console): Promise<number> {
  const { log, stop } = openLog(console, { json: flags.json === true, verbose: flags.verbose === true });
  // A run that waits in a queue is nothing of ours to end.
  let queued = false;
  const interrupted = interruption({
    onFirst: (name) => {
      if (!queued) log.info(`${name}: ending the run (again to end at once)`);
    },
    onSecond: () => log.info("killing the run"),
    onForce: () => {
      process.stderr.write("ended at once; `launch prune` takes away what may be left of the run\n");
      process.exit(exitCodes.cancelled);
    },
  });
  const queues = queuesOfCommand(flags, console, log, interrupted.signal);
  try {
    const drafts: Drafted[] = [];
    for (const wanted of wantedDrafts(words, flags)) {
      const { overlays } = wanted.variant;
      const extras = { overlays, queue: queues.resolution };
      const draft = await draftFromFlags(wanted.words, flags, console, interrupted.signal, extras);
      if (draft.kind === "faults") return await reportFaults(draft, flags.json === true, console);
      drafts.push({ draft, leg: wanted.leg });
    }
    const [only] = drafts;
    if (only === undefined) throw new LaunchError("bad-usage", "nothing is given to run");
    const { store, ...services } = { ...(await servicesOf(only.draft, flags, console, log)), force: interrupted.force };
    if (flags.dryRun === true) {
      const { dryRun } = await import("./dry-run.ts");
      const options = { json: flags.json === true, console, signal: interrupted.signal };
      for (const { draft } of drafts) await dryRun(requestOf(draft, flags), { ...services, store }, options);
      return exitCodes.succeeded;
    }
    queued = drafts.some(({ draft }) => draft.queue !== undefined);
    if (queued) {
      const { enqueueDrafts } = await import("./enqueue-drafts.ts");
      const launches = drafts.map((drafted) => enqueuedOf(drafted, flags));
      const opened = await queues.open(only.draft.config);
      return await enqueueDrafts({ launches, services, queues: opened, flags, console }, interrupted.signal);
    }
    refuseQueueFlags(drafts, flags);
    const result = await launch(requestOf(only.draft, flags), { ...services, store }, interrupted.signal);
    stop();
    if (flags.json === true) await eventWriter(console.out)("result", resultOf(result));
    else await showEnd(result, flags, console);
    return exitCodeOfOutcome(result.outcome);
  } finally {
    stop();
    interrupted.stop();
    await queues.close();
  }
}

type Drafted = { readonly draft: ResolvedDraft; readonly leg: string };

/** Each thing that was named, in each variant of `--each`. */
function wantedDrafts({ whats, command }: RunWords, { each }: RunFlags) {
  const variants = variantsOf(each ?? [], "--each");
  const named: readonly (string | undefined)[] = whats.length === 0 ? [undefined] : whats;
  return named.flatMap((what) =>
    variants.map((variant) => ({
      words: { what, command },
      variant,
      leg: [...(named.length > 1 ? [what ?? ""] : []), variant.words].filter((part) => part !== "").join(" "),
    })),
  );
}

function enqueuedOf({ draft, leg }: Drafted, flags: RunFlags): EnqueuedLaunch {
  if (draft.queue !== undefined) {
    return { request: requestOf(draft, flags), queue: draft.queue, leg, origins: draft.origins.spec };
  }
  const spec = draft.specFile ?? "one of the specs";
  throw new LaunchError("bad-usage", `${spec} names no queue, and others do; give one for all with -q QUEUE`);
}

/** What only runs of a queue can have. */
function refuseQueueFlags(drafts: readonly Drafted[], { each, replace, wait }: RunFlags): void {
  const given = [
    ...(drafts.length > 1 && each === undefined ? ["more than one spec"] : []),
    ...(each === undefined ? [] : ["--each"]),
    ...(replace === undefined ? [] : ["--replace"]),
    ...(wait === undefined ? [] : ["--wait"]),
  ];
  if (given.length === 0) return;
  throw new LaunchError("bad-usage", `${given.join(", ")}: only for runs of a queue; name one with -q QUEUE`);
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

async function servicesOf(
  draft: ResolvedDraft,
  flags: RunFlags,
  { environment }: Console,
  log: Log,
): Promise<Services> {
  const state = stateDirectoryOf(environment, homedir());
  const tokens = await ownTokens(draft.config, environment, log);
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
