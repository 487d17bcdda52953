import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import { ownRedaction } from "../core/output/own-secrets.ts";
import type { Log } from "../core/output/log.ts";
import { redactedLog } from "../core/output/redacted-log.ts";
import { type StateDirectory, stateDirectoryAt, stateDirectoryOf } from "../core/state-directory.ts";
import type { GitHubContext } from "../github/context.ts";
import { type GitHubLog, gitHubLog, type JobOutput } from "./github-log.ts";
import type { ActionInputs } from "./inputs.ts";
import type { ActionCommand, StateName } from "./protocol.ts";

/** What a command of the action works with. */
export type JobPlace = {
  readonly inputs: ActionInputs;
  readonly context: GitHubContext;
  readonly state: StateDirectory;
  readonly log: Log & Pick<GitHubLog, "stop">;
};

/** An agent's log has no groups: its runs go on beside each other. */
export function openPlace(command: ActionCommand, job: Pick<JobPlace, "inputs" | "context">, out: JobOutput): JobPlace {
  const monotonicMs = (): number => systemClock.monotonicMs();
  const log = gitHubLog({ out, monotonicMs, verbose: core.isDebug(), groups: command !== "agent" });
  const words = redactedLog(log, ownRedaction(process.env));
  return { ...job, state: stateDirectoryFor(job.context), log: { ...words, stop: log.stop } };
}

/** Paths are relative to the folder that the job chose. */
export function enterFolder({ inputs, context }: Pick<JobPlace, "inputs" | "context">): void {
  const directory = resolve(context.workspace ?? ".", inputs.workingDirectory);
  try {
    process.chdir(directory);
  } catch (error) {
    throw new LaunchError(
      "bad-usage",
      `input working-directory: there is no folder ${directory}; check out the code first`,
      { cause: error },
    );
  }
}

/** For the post step. */
export function keepStateDirectory({ state }: JobPlace): void {
  const stateName: StateName = "state-directory";
  core.saveState(stateName, state.path);
}

/** On GitHub what is kept lives as long as the job, unless somebody chose a place. */
function stateDirectoryFor({ temporaryDirectory }: GitHubContext): StateDirectory {
  const chosen = process.env["LAUNCH_STATE_HOME"] ?? "";
  if (chosen === "" && temporaryDirectory !== undefined) return stateDirectoryAt(join(temporaryDirectory, "launch"));
  return stateDirectoryOf(process.env, homedir());
}
