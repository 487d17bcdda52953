import { exitCodes } from "../../core/errors.ts";
import { interruption } from "../../core/interruption.ts";
import { findAwaited } from "../../queueing/find-queued.ts";
import type { Console } from "../terminal/console.ts";
import type { WaitFlags } from "../program/flags.ts";
import { followRuns } from "./following/follow-runs.ts";
import { openLog } from "../terminal/open-log.ts";
import { withRuns } from "../program/open-runs.ts";

/** `launch wait`: follows runs of queues to their ends. Ctrl-C stops the following, never a run. */
export async function waitCommand(names: readonly string[], flags: WaitFlags, console: Console): Promise<number> {
  const { log, stop } = openLog(console, { json: flags.json === true, verbose: false, raw: flags.raw === true });
  const interrupted = interruption({ onFirst: () => undefined, onForce: () => process.exit(exitCodes.cancelled) });
  try {
    return await withRuns(flags, console, async ({ store, state }) => {
      const runs = await findAwaited(names, store, interrupted.signal);
      return followRuns({ runs, names, flags, console, store, state, log }, interrupted.signal);
    });
  } finally {
    stop();
    interrupted.stop();
  }
}
