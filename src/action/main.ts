import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import { LaunchError, messageOf } from "../core/errors.ts";
import { interruption } from "../core/interruption.ts";
import { type StateDirectory, stateDirectoryAt, stateDirectoryOf } from "../core/state-directory.ts";
import { version } from "../core/version.ts";
import { writerOn } from "../core/output/writer.ts";
import { type GitHubContext, gitHubContext } from "../github/context.ts";
import type { DraftRequest, FaultyDraft, ResolvedDraft } from "../submit/draft.ts";
import type { Variant } from "../submit/each.ts";
import { type Exit, leave } from "./exit.ts";
import type { GitHubLog, JobOutput } from "./github-log.ts";
import { type ActionInputs, loadInputs, takeSecretInputs, unknownInputs } from "./inputs.ts";
import { launchTable } from "../submit/settings/launch-table.ts";
import { inputName } from "../submit/settings/setting.ts";
import { queuesOfJob } from "./open-queues.ts";
import { type ActionCommand, commands, type StateName } from "./protocol.ts";
import type { JobPlace } from "./services.ts";

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
  const command = commandOf(inputs.command);
  enter(resolve(context.workspace ?? ".", inputs.workingDirectory));
  const interrupted = interruption({
    onFirst: (name) => core.info(`${name}: ending${command === "launch" ? " the run" : ""}`),
    onForce: () => undefined,
  });
  try {
    if (command === "launch") return await launchFrom(inputs, context, out, interrupted.signal);
    return await serve(command, inputs, context, out, interrupted.signal);
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
  const place = await placeOf(inputs, context, out, true);
  const { state, log } = place;
  const queues = queuesOfJob(place, signal);
  try {
    const drafts: { readonly draft: ResolvedDraft; readonly leg: string }[] = [];
    const variants = await variantsOf(inputs.settings.each ?? []);
    for (const what of inputs.specs) {
      for (const { overlays, words } of variants) {
        const draft = await draftOf(inputs, what, context, { overlays, queue: queues.resolution });
        if (draft.kind === "faults") return await exitOfFaults(draft);
        const leg = [...(inputs.specs.length > 1 ? [what ?? ""] : []), words].filter((part) => part !== "").join(" ");
        drafts.push({ draft, leg });
      }
    }
    const [only] = drafts;
    if (only === undefined) throw new LaunchError("bad-usage", "nothing is given to run");
    keepStateDirectory(state);
    const isQueued = drafts.some(({ draft }) => draft.queue !== undefined);
    if (isQueued && inputs.settings.dryRun !== true) {
      const { queueOnGitHub } = await import("./queue-on-github.ts");
      const { config } = only.draft;
      return await queueOnGitHub({ place, drafts, config, queues: await queues.open(config) }, signal);
    }
    refuseQueueInputs(inputs);
    const { launchOnGitHub } = await import("./launch-on-github.ts");
    const monotonicMs = (): number => systemClock.monotonicMs();
    const asked = { inputs, drafts: drafts.map(({ draft }) => draft), context, state, out, monotonicMs };
    return await launchOnGitHub(asked, signal);
  } finally {
    log.stop();
    await queues.close();
  }
}

async function variantsOf(each: readonly string[]): Promise<readonly Variant[]> {
  if (each.length === 0) return [{ overlays: [], words: "" }];
  return (await import("../submit/each.ts")).variantsOf(each, "input each");
}

async function draftOf(
  inputs: ActionInputs,
  what: string | undefined,
  context: GitHubContext,
  extras: Pick<DraftRequest, "overlays" | "queue">,
): Promise<FaultyDraft | ResolvedDraft> {
  const { draftLaunch } = await import("../submit/draft.ts");
  return draftLaunch({
    what,
    called: "input spec",
    settings: inputs.settings,
    nameOf: (setting) => inputName(launchTable[setting]),
    environment: process.env,
    home: homedir(),
    ownerOf: () => Promise.resolve({ entity: context.owner ?? "unknown", project: context.repository ?? "launch" }),
    ...extras,
  });
}

async function placeOf(
  inputs: ActionInputs,
  context: GitHubContext,
  out: JobOutput,
  groups: boolean,
): Promise<JobPlace & { readonly log: GitHubLog }> {
  const state = stateDirectoryFor(context);
  const { gitHubLog } = await import("./github-log.ts");
  const monotonicMs = (): number => systemClock.monotonicMs();
  const log = gitHubLog({ out, monotonicMs, verbose: core.isDebug(), groups });
  return { inputs, context, state, log };
}

async function exitOfFaults(draft: FaultyDraft): Promise<Exit> {
  const { faultsError } = await import("../spec/reading/render-faults.ts");
  const [place] = draft.faults;
  return { ...exitOfLaunchError(faultsError(draft)), ...(place === undefined ? {} : { place }) };
}

/** For the post step. */
function keepStateDirectory({ path }: StateDirectory): void {
  const stateName: StateName = "state-directory";
  core.saveState(stateName, path);
}

/** What only runs of a queue can have. */
function refuseQueueInputs({ specs, settings }: ActionInputs): void {
  const { each = [], replace, wait, wake, dryRun } = settings;
  const given = [
    ...(specs.length < 2 ? [] : ["spec (several)"]),
    ...(each.length === 0 ? [] : ["each"]),
    ...(replace === undefined ? [] : ["replace"]),
    ...(wait === true ? ["wait"] : []),
    ...(wake === undefined ? [] : ["wake"]),
  ];
  if (given.length === 0 || dryRun === true) return;
  throw new LaunchError(
    "bad-usage",
    `inputs ${given.join(", ")}: only for runs of a queue; name one by the input queue`,
  );
}

/** The other commands. */
async function serve(
  command: Exclude<ActionCommand, "launch">,
  inputs: ActionInputs,
  context: GitHubContext,
  out: JobOutput,
  signal: AbortSignal,
): Promise<Exit> {
  const place = await placeOf(inputs, context, out, command !== "agent");
  const { state, log } = place;
  try {
    if (command === "agent") {
      keepStateDirectory(state);
      const { agentOnGitHub } = await import("./agent-on-github.ts");
      return await agentOnGitHub(place, signal);
    }
    const { runsOnGitHub } = await import("./runs-on-github.ts");
    return await runsOnGitHub(place, command, signal);
  } finally {
    log.stop();
  }
}

/** A workflow that is written for a later version's command must not do something else here. */
function commandOf(text: string): ActionCommand {
  const found = commands.find((command) => command === text);
  if (found !== undefined) return found;
  const known = commands.join(", ");
  throw new LaunchError(
    ["comment", "report", "repro"].includes(text) ? "unsupported" : "bad-usage",
    `input command: there is no command "${text}" in version ${version} of this action; it has ${known}`,
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
