import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { type StateDirectory, stateDirectoryAt, stateDirectoryOf } from "../core/state-directory.ts";
import { version } from "../core/version.ts";
import { writerOn } from "../core/writer.ts";
import { type GitHubContext, gitHubContext } from "../github/context.ts";
import { type Exit, leave } from "./exit.ts";
import type { JobOutput } from "./github-log.ts";
import { type ActionInputs, inputNameOf, loadInputs, takeSecretInputs, unknownInputs } from "./inputs.ts";
import type { StateName } from "./protocol.ts";

/** The action: reads its inputs, resolves the spec, launches, and says how it ended. */
export async function runMain(): Promise<void> {
  const context = gitHubContext(process.env);
  const stdout = writerOn(process.stdout);
  let exit: Exit;
  try {
    exit = await act(context, stdout);
  } catch (error) {
    exit = exitOfError(error);
  }
  const exitCode = await leave(exit, context);
  await stdout.flush();
  // The runner waits for the process, and nothing that may still be open has work to do.
  process.exit(exitCode);
}

async function act(context: GitHubContext, out: JobOutput): Promise<Exit> {
  const inputs = loadInputs();
  for (const name of unknownInputs(process.env)) core.warning(`there is no input "${name}"; it has no effect`);
  takeSecretInputs(process.env);
  refuseOtherCommands(inputs.command);
  enter(resolve(context.workspace ?? ".", inputs.workingDirectory));
  const interrupted = interruption({
    onFirst: (name) => core.info(`${name}: ending the run`),
    onForce: () => undefined,
  });
  try {
    return await launchFrom(inputs, context, out, interrupted.signal);
  } finally {
    interrupted.stop();
  }
}

async function launchFrom(
  inputs: ActionInputs,
  context: GitHubContext,
  out: JobOutput,
  signal: AbortSignal,
): Promise<Exit> {
  const { draftLaunch } = await import("../launch/draft.ts");
  const draft = await draftLaunch({
    what: inputs.spec,
    called: "input spec",
    settings: inputs.settings,
    nameOf: inputNameOf,
    resourceArgs: inputs.resourceArgs,
    launchConfig: inputs.launchConfig,
    environment: process.env,
    home: homedir(),
    ownerOf: () => Promise.resolve({ entity: context.owner ?? "unknown", project: context.repository ?? "launch" }),
  });
  if (draft.kind === "faults") {
    const { faultsError } = await import("../spec/render-faults.ts");
    const error = faultsError(draft);
    const [place] = draft.faults;
    return { ...exitOfLaunchError(error), ...(place === undefined ? {} : { place }) };
  }
  const state = stateDirectoryFor(context);
  const stateName: StateName = "state-directory";
  core.saveState(stateName, state.path);
  const { launchOnGitHub } = await import("./launch-on-github.ts");
  return launchOnGitHub({ inputs, draft, context, state, out, monotonicMs: () => systemClock.monotonicMs() }, signal);
}

/** The commands that later versions have; a workflow written for one of those must not do something else here. */
function refuseOtherCommands(command: string): void {
  if (command === "launch") return;
  const later = ["agent", "comment", "report", "repro", "cancel", "status"].includes(command);
  throw new LaunchError(
    later ? "unsupported" : "bad-usage",
    later
      ? `input command: "${command}" is not in version ${version} of this action; it has launch only`
      : `input command: there is no command "${command}"; give launch`,
  );
}

function enter(directory: string): void {
  try {
    process.chdir(directory);
  } catch (error) {
    throw new LaunchError(
      "bad-usage",
      `input working-directory: there is no folder ${directory}; check out the code first`,
      {
        cause: error,
      },
    );
  }
}

/** On GitHub what is kept lives as long as the job, unless somebody chose a place. */
function stateDirectoryFor({ temporaryDirectory }: GitHubContext): StateDirectory {
  const chosen = process.env["LAUNCH_STATE_HOME"] ?? "";
  if (chosen === "" && temporaryDirectory !== undefined) return stateDirectoryAt(join(temporaryDirectory, "launch"));
  return stateDirectoryOf(process.env, homedir());
}

function exitOfError(error: unknown): Exit {
  if (error instanceof LaunchError) return exitOfLaunchError(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: "fault",
    reason: "bug",
    message: `a bug of launch ${version}: ${messageOf(error)}. Please report it with the lines above this one: see CONTRIBUTING.md`,
    detail: stack.split("\n"),
  };
}

function exitOfLaunchError(error: LaunchError): Exit & { readonly kind: "fault" } {
  return { kind: "fault", reason: error.code, message: error.message, detail: error.detail };
}
