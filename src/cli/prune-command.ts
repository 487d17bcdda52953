import { systemClock } from "../core/clock.ts";
import { parseDuration } from "../core/duration.ts";
import { exitCodes, LaunchError } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { toJson } from "../core/json.ts";
import { silentLog } from "../core/log.ts";
import { pruneRuns } from "../launch/prune.ts";
import { pruneMachine } from "../launch/prune-machine.ts";
import { sweepRemains } from "../launch/sweep-remains.ts";
import { sweepServices } from "../launch/sweep-services.ts";
import type { Console } from "./console.ts";
import type { PruneFlags } from "./flags.ts";
import { eventWriter } from "./json-log.ts";
import { withRuns, wholeNumber } from "./open-runs.ts";

/** `launch prune`: takes away what killed launchers left on this machine, then old finished runs. */
export async function pruneCommand(flags: PruneFlags, console: Console): Promise<number> {
  const request = {
    olderThanMs: ageOf(flags.olderThan ?? "30d"),
    keep: wholeNumber(flags.keep ?? "20", "--keep"),
    dryRun: flags.dryRun === true,
  };
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    return await withRuns(flags, console, async ({ store, state }) => {
      const { environment, out } = console;
      const services = sweepServices({ state, tokens: {}, environment, log: silentLog });
      const swept = request.dryRun ? [] : await sweepRemains("lost", services, interrupted.signal);
      const pruned = await pruneRuns(request, { store, state, clock: systemClock }, interrupted.signal);
      const local = await pruneMachine(request, { store, state, clock: systemClock }, interrupted.signal);
      if (flags.json === true) {
        await eventWriter(out)("pruned", toJson({ dry_run: request.dryRun, swept, ...pruned, ...local }));
      } else {
        const verb = request.dryRun ? "would remove" : "removed";
        const lines = [
          ...swept.map((run) =>
            run.kind === "swept"
              ? `ended ${run.runId}, whose launcher was killed`
              : `${run.runId} could not be taken away whole: ${run.message}`,
          ),
          ...pruned.removed.map((run) => `${verb} ${run.run_id}`),
          ...pruned.changed.map((runId) => `left ${runId}: it changed meanwhile`),
          ...local.logs.map((runId) => `${verb} the log and outputs of ${runId} from this machine`),
          ...local.environments.map((name) => `${verb} the Python environment ${name}`),
          `${verb} ${pruned.removed.length}, kept ${pruned.kept}`,
        ];
        await out.write(`${lines.join("\n")}\n`);
      }
      return swept.some(({ kind }) => kind === "incomplete") ? exitCodes.infrastructure : exitCodes.succeeded;
    });
  } finally {
    interrupted.stop();
  }
}

function ageOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new LaunchError("bad-usage", `--older-than "${text}" is no duration; give 30d, 12h or 90min`);
  return ms;
}
