import { formatCommandLine } from "../../../core/command-line.ts";
import { systemClock } from "../../../core/clock.ts";
import { exitCodes } from "../../../core/errors.ts";
import { toJson } from "../../../core/json.ts";
import type { Log } from "../../../core/output/log.ts";
import type { StateDirectory } from "../../../core/state-directory.ts";
import { say } from "../../../core/output/said.ts";
import { exitCodeOfOutcome, worstExitCode } from "../../../run/outcome.ts";
import { type AwaitedRun, type Seen, waitForRuns } from "../../../queueing/wait-runs.ts";
import { phaseLine } from "../../../reporting/phase-line.ts";
import type { WithDefinitions } from "../../../stores/definition-store.ts";
import type { QueueStore } from "../../../stores/queue-store.ts";
import type { RunHead } from "../../../run/head.ts";
import type { Console } from "../../terminal/console.ts";
import type { StoreFlags } from "../../program/flags.ts";
import { followMany } from "./follow-many.ts";
import { followOne } from "./follow-one.ts";
import { eventWriter } from "../../terminal/json-log.ts";
import { storeFlags } from "../../program/open-runs.ts";

export type FollowRuns = {
  readonly runs: readonly (AwaitedRun & { readonly leg?: string })[];
  /** What they are called in a command. */
  readonly names: readonly string[];
  readonly flags: StoreFlags & { readonly json?: true };
  readonly console: Console;
  readonly store: QueueStore & WithDefinitions;
  readonly state: StateDirectory;
  readonly log: Log;
};

/** What is said of runs while they are followed; one for a single run, one for many, one for machines. */
export type Follower = {
  readonly onChange: (seen: Seen) => Promise<void>;
  readonly onLook: (seen: readonly Seen[]) => void;
  /** All have ended. */
  readonly end: (heads: readonly RunHead[]) => Promise<void>;
  /** Nothing more is to be said: they ended, or are no longer followed. */
  readonly stop: () => Promise<void>;
};

/** Says what changes until all have ended; the exit code is that of the worst end. The signal stops the following, never a run. */
export async function followRuns(request: FollowRuns, signal: AbortSignal): Promise<number> {
  const { store, log, flags, runs } = request;
  const follower =
    flags.json === true ? eventFollower(request) : runs.length === 1 ? followOne(request, signal) : followMany(request);
  try {
    const onTrouble = (message: string): void => log.warning(say`${message}; asking again`);
    const asked = { runs, onChange: follower.onChange, onLook: follower.onLook, onTrouble };
    const heads = await waitForRuns(asked, { store, clock: systemClock }, signal);
    await follower.stop();
    await follower.end(heads);
    return worstExitCode(heads.map(exitCodeOfHead));
  } catch (error) {
    await follower.stop();
    if (!signal.aborted) throw error;
    await detach(request);
    return exitCodes.cancelled;
  }
}

function eventFollower({ console }: FollowRuns): Follower {
  const event = eventWriter(console.out);
  return {
    onChange: async ({ run, waiting }) => {
      await event("run", { run: toJson(run), ...(waiting === undefined ? {} : { waiting: toJson(waiting) }) });
    },
    onLook: () => undefined,
    end: async (heads) => event("ended", toJson({ runs: heads.map(endOf) })),
    stop: () => Promise.resolve(),
  };
}

function endOf({ run_id, state, reason, exit_code, message }: RunHead) {
  return { run_id, state, reason, exit_code, message };
}

/** What is no longer followed goes on, and can be followed or cancelled later. */
async function detach({ names, runs, flags, console }: FollowRuns): Promise<void> {
  const [cancel = "", wait = ""] = ["cancel", "wait"].map((verb) =>
    formatCommandLine(["launch", verb, ...names, ...storeFlags(flags)]),
  );
  if (flags.json === true) await eventWriter(console.out)("detached", { cancel, wait });
  const goes = runs.length === 1 ? "the run goes on" : "the runs go on";
  const lines = [
    `  no longer followed; ${goes}`,
    phaseLine("cancel", cancel, undefined),
    phaseLine("follow", wait, undefined),
  ];
  await console.err.write(`${lines.join("\n")}\n`);
}

function exitCodeOfHead({ state, reason = "lost", message = "" }: RunHead): number {
  if (state === "succeeded") return exitCodes.succeeded;
  return exitCodeOfOutcome({ state: state === "cancelled" ? "cancelled" : "failed", reason, message });
}
