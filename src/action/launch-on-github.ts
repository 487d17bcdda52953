import * as core from "@actions/core";
import type { StateDirectory } from "../core/state-directory.ts";
import type { GitHubContext } from "../github/context.ts";
import type { ResolvedDraft } from "../launch/draft.ts";
import { launch } from "../launch/launch.ts";
import { planLaunch } from "../launch/plan-launch.ts";
import { planLines } from "../launch/plan-lines.ts";
import type { LaunchRequest } from "../launch/services.ts";
import { chooseStore } from "../launch/store-choice.ts";
import { againOnGitHub } from "./again.ts";
import type { Exit } from "./exit.ts";
import { gitHubLog, type JobOutput } from "./github-log.ts";
import type { ActionInputs } from "./inputs.ts";
import { ciRunOf, jobServices, storeRequestOf, submitterOf } from "./services.ts";

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
  const log = gitHubLog({ out: request.out, monotonicMs: request.monotonicMs, verbose: core.isDebug(), groups: true });
  const asked: LaunchRequest = {
    spec: draft.spec,
    config: draft.config,
    baseDirectory: draft.baseDirectory,
    includeUntracked: inputs.includeUntracked,
    warnings: draft.warnings,
    secrets: inputs.secrets,
    by: submitterOf(context),
    ci: ciRunOf(context),
  };
  const place = { inputs, context, state, log };
  const services = { ...jobServices(place), store: chooseStore(storeRequestOf(place, draft.config)) };
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
