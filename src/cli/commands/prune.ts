import { systemClock } from "../../core/clock.ts";
import { parseDuration } from "../../core/duration.ts";
import { exitCodes, LaunchError } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { silentLog } from "../../core/output/log.ts";
import type { StateDirectory } from "../../core/state-directory.ts";
import { ownCatalogs } from "../../launch/services.ts";
import { attemptsHere } from "../../machine/attempts-here.ts";
import { removeNamed } from "../../queueing/unread-runs.ts";
import { oneLine } from "../../core/output/terminal-text.ts";
import { pruneRuns, removeHere } from "../../machine/prune-runs.ts";
import { pruneMachine } from "../../machine/prune-machine.ts";
import { sweepRemains } from "../../machine/sweep.ts";
import { sweepServices } from "../../machine/sweep-services.ts";
import type { Console } from "../terminal/console.ts";
import type { PruneFlags } from "../program/flags.ts";
import { eventWriter } from "../terminal/json-log.ts";
import { withRuns, wholeNumber } from "../program/open-runs.ts";
import { pruneJson, pruneLines, type PruneReport } from "./prune-report.ts";
import { placeTokens } from "../program/tokens.ts";

/**
 * `launch prune`: takes away what killed launchers left on this machine, then old finished runs from the store, and then what old runs left
 * here: logs and outputs, Python environments, images.
 */
export async function pruneCommand(names: readonly string[], flags: PruneFlags, console: Console): Promise<number> {
  if (names.length > 0) return pruneNamed(names, flags, console);
  const request = {
    olderThanMs: ageOf(flags.olderThan ?? "30d"),
    keep: wholeNumber(flags.keep ?? "20", "--keep"),
    dryRun: flags.dryRun === true,
  };
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    return await withRuns(flags, console, async ({ store, state }) => {
      const { environment, out } = console;
      const { signal } = interrupted;
      const clock = systemClock;
      const swept = request.dryRun ? [] : await sweep(state, environment, signal);
      const runs = await pruneRuns(request, { store, state, clock }, signal);
      const machine = await pruneMachine(request, { state, clock, environment, runs: runs.kept }, signal);
      const report: PruneReport = { dryRun: request.dryRun, swept, runs, machine };
      if (flags.json === true) await eventWriter(out)("pruned", pruneJson(report));
      else await out.write(`${pruneLines(report).join("\n")}\n`);
      const failed = swept.some(({ kind }) => kind !== "swept") || machine.images.problem !== undefined;
      return failed ? exitCodes.infrastructure : exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

/** `launch prune RUN…`: by their names alone. */
async function pruneNamed(names: readonly string[], flags: PruneFlags, console: Console): Promise<number> {
  if (flags.dryRun === true) throw new LaunchError("bad-usage", "--dry-run is for a prune that names no runs");
  const { signal } = new AbortController();
  const { gone, staying } = await withRuns(flags, console, async ({ store, state }) => {
    // Before its run is gone: another may have its id then, and begin.
    const here = await Promise.all(names.map((runId) => attemptsHere(state, { runId, store: store.location })));
    const gone = await removeNamed(names, store, signal);
    const attempts = here.flat().filter(({ runId }) => gone.includes(runId));
    return { gone, staying: await removeHere(attempts, state) };
  });
  const left = names.filter((name) => !gone.includes(name));
  if (flags.json === true) await eventWriter(console.out)("pruned", { removed: gone, changed: left });
  else {
    const lines = [
      ...gone.map((name) => `removed ${name}`),
      ...staying.map((name) => `left the folder of ${name}: a launcher has something to do with it yet`),
      ...left.map((name) => `left ${name}: it changed meanwhile, or is in use`),
    ];
    await console.out.write(`${lines.map(oneLine).join("\n")}\n`);
  }
  return left.length === 0 ? exitCodes.succeeded : exitCodes.infrastructure;
}

/** What is left may be of runs that are kept in other stores than the one that is pruned. */
async function sweep(state: StateDirectory, environment: Console["environment"], signal: AbortSignal) {
  const own = { log: silentLog, state, environment };
  const place = { ...own, ...ownCatalogs(own), tokens: await placeTokens(environment, silentLog) };
  try {
    return await sweepRemains("lost", sweepServices(place), signal);
  } finally {
    await place.resources.close();
  }
}

function ageOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new LaunchError("bad-usage", `--older-than "${text}" is no duration; give 30d, 12h or 90min`);
  return ms;
}
