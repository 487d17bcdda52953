import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type GitHubContext, runUrl } from "../github/context.ts";
import { defaultStoreUrl, tokensFor } from "../github/store.ts";
import type { ResolvedDraft } from "../launch/draft.ts";
import { launch } from "../launch/launch.ts";
import { thisLauncher } from "../launch/launcher.ts";
import { planLaunch } from "../launch/plan-launch.ts";
import { planLines } from "../launch/plan-lines.ts";
import type { CiRun } from "../launch/record.ts";
import type { LaunchRequest, Services } from "../launch/services.ts";
import { chooseStore } from "../launch/store-choice.ts";
import { againOnGitHub } from "./again.ts";
import type { Exit } from "./exit.ts";
import { gitHubLog, type JobOutput } from "./github-log.ts";
import type { ActionInputs } from "./inputs.ts";

export type LaunchOnGitHub = {
  readonly inputs: ActionInputs;
  readonly draft: ResolvedDraft;
  readonly context: GitHubContext;
  readonly state: StateDirectory;
  readonly out: JobOutput;
  readonly monotonicMs: () => number;
};

/** Launches a resolved spec with what this job has: its token, its repository as the store, its log. */
export async function launchOnGitHub(request: LaunchOnGitHub, signal: AbortSignal): Promise<Exit> {
  const { inputs, draft, context, state } = request;
  const log = gitHubLog(request.out, request.monotonicMs, core.isDebug());
  const asked: LaunchRequest = {
    spec: draft.spec,
    config: draft.config,
    baseDirectory: draft.baseDirectory,
    includeUntracked: inputs.includeUntracked,
    warnings: draft.warnings,
    secrets: inputs.secrets,
    by: context.actor === "" ? "unknown" : context.actor,
    ci: ciRunOf(context),
  };
  const services = servicesFor(inputs, context, state, { log, store: draft.config.store });
  try {
    if (inputs.dryRun) {
      const plan = await planLaunch(asked, services, signal);
      return { kind: "plan", plan, lines: planLines(draft.spec.name, plan) };
    }
    const result = await launch(asked, services, signal);
    return { kind: "run", result, again: againOnGitHub(result.record, inputs, draft.specFile) };
  } finally {
    log.stop();
  }
}

function servicesFor(
  inputs: ActionInputs,
  context: GitHubContext,
  state: StateDirectory,
  { log, store }: { readonly log: Log; readonly store: string | undefined },
): Services {
  const tokens = tokensFor(context, inputs.token);
  const own = defaultStoreUrl(context, inputs.token);
  const chosen = process.env["LAUNCH_STORE"] ?? "";
  return {
    log,
    clock: systemClock,
    state,
    store: chooseStore({
      given: inputs.store ?? (chosen === "" ? store : chosen),
      byDefault: own?.url,
      isPublic: own?.isPublic ?? true,
      state,
      tokens,
      log,
    }),
    environment: process.env,
    tokens,
    launcher: thisLauncher(),
  };
}

function ciRunOf(context: GitHubContext): CiRun {
  const { owner, repository } = context;
  return {
    provider: "github",
    repository: owner === undefined || repository === undefined ? "" : `${owner}/${repository}`,
    workflow: context.workflow,
    job: context.job,
    run_id: context.runId,
    run_attempt: context.runAttempt,
    event: context.event,
    actor: context.actor,
    url: runUrl(context) ?? "",
  };
}
