import * as core from "@actions/core";
import { messageOf } from "../core/errors.ts";
import type { TextLog } from "../core/output/log.ts";
import { ownRedaction } from "../core/output/own-secrets.ts";
import { redactedLog } from "../core/output/redacted-log.ts";
import { ours, say } from "../core/output/said.ts";
import { stateDirectoryAt } from "../core/state-directory.ts";
import { gitHubContext } from "../github/context.ts";
import { tokensFor } from "../github/store.ts";
import type { SweptRun } from "../machine/sweep.ts";
import { goesWithJob } from "./job-state.ts";
import { jobTable } from "../submit/settings/job-table.ts";
import type { StateName } from "./protocol.ts";

const directoryState: StateName = "state-directory";
/** The runner gives post steps no time of their own: what isn't done by then is named and left. */
const deadlineMs = 60_000;

/**
 * After the job: ends and removes what main left, which is nothing unless main was killed. What goes wrong is a warning, and fails this
 * step: agents elsewhere take its success for a proof that nothing of the job's runs goes on.
 */
export async function runPost(): Promise<void> {
  const directory = core.getState(directoryState);
  // Main ended before there was anything to leave.
  if (directory === "") return;
  try {
    await sweep(directory);
  } catch (error) {
    process.exitCode = 1;
    postLog.warning(say`launch: what a cancelled run may have left could not be looked at: ${messageOf(error)}`);
  }
}

async function sweep(directory: string): Promise<void> {
  const state = stateDirectoryAt(directory);
  const { liveNames } = await import("../machine/live-entry.ts");
  if ((await liveNames(state)).length === 0) return;
  const { sweepRemains } = await import("../machine/sweep.ts");
  const { sweepServices } = await import("../machine/sweep-services.ts");
  const { ownCatalogs } = await import("../launch/services.ts");
  const tokens = tokensFor(gitHubContext(process.env), core.getInput(jobTable.token.input));
  const own = { log: postLog, state, environment: process.env };
  const place = { ...own, ...ownCatalogs(own), tokens };
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    // What is kept elsewhere is there for the next agent of this machine, which takes its runs over.
    const given = goesWithJob(directory)
      ? await (await import("../agent/holding/give-up-left.ts")).giveUpLeft(place, signal)
      : [];
    tell([...given, ...(await sweepRemains("cancelled", sweepServices(place), signal))]);
  } finally {
    await place.resources.close();
  }
}

function tell(runs: readonly SweptRun[]): void {
  for (const swept of runs) {
    if (swept.kind === "swept") postLog.info(say`ended and removed what was left of run ${ours(swept.runId)}`);
    else {
      process.exitCode = 1;
      const words = swept.kind === "unreadable" ? "is left" : "could not be taken away whole";
      postLog.warning(say`launch: run ${ours(swept.runId)} ${ours(words)}: ${swept.message}`);
    }
  }
}

const postText: TextLog = {
  phase: () => undefined,
  output: () => undefined,
  info: (message) => core.info(message),
  warning: (message) => core.warning(message),
  debug: (message) => core.debug(message),
};

const postLog = redactedLog(postText, ownRedaction(process.env));
