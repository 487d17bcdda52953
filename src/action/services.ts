import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import { type GitHubContext, runUrl } from "../github/context.ts";
import { defaultStoreUrl, tokensFor } from "../github/store.ts";
import { thisLauncher } from "../launch/launcher.ts";
import type { CiRun } from "../launch/record.ts";
import type { ResolvedDraft } from "../launch/draft.ts";
import type { LaunchRequest, Services } from "../launch/services.ts";
import type { StoreChoiceRequest } from "../launch/store-choice.ts";
import type { LaunchConfig } from "../spec/launch-config.ts";
import type { ActionInputs } from "./inputs.ts";

export type JobPlace = {
  readonly inputs: ActionInputs;
  readonly context: GitHubContext;
  readonly state: StateDirectory;
  readonly log: Log;
};

/** Which store a job uses: the input's, LAUNCH_STORE, the launch config's, else its own repository. */
export function storeRequestOf({ inputs, context, state, log }: JobPlace, config: LaunchConfig): StoreChoiceRequest {
  const own = defaultStoreUrl(context, inputs.token);
  const chosen = process.env["LAUNCH_STORE"] ?? "";
  return {
    given: inputs.store ?? (chosen === "" ? config.store : chosen),
    byDefault: own?.url,
    isPublic: own?.isPublic ?? true,
    state,
    tokens: tokensFor(context, inputs.token),
    log,
  };
}

/** What a launch works with in a job, besides its store. */
export function jobServices({ inputs, context, state, log }: JobPlace): Omit<Services, "store"> {
  const tokens = tokensFor(context, inputs.token);
  const job = runUrl(context);
  const launcher = { ...thisLauncher(), ...(job === undefined ? {} : { job }) };
  return { log, clock: systemClock, state, environment: process.env, tokens, launcher };
}

export function submitterOf({ actor }: GitHubContext): string {
  return actor === "" ? "unknown" : actor;
}

export function ciRunOf(context: GitHubContext): CiRun {
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

/** What a job asks a launch for. */
export function requestOf({ inputs, context }: JobPlace, draft: ResolvedDraft): LaunchRequest {
  const { spec, config, baseDirectory, warnings } = draft;
  const { includeUntracked, secrets } = inputs;
  const by = submitterOf(context);
  return { spec, config, baseDirectory, includeUntracked, warnings, secrets, by, ci: ciRunOf(context) };
}
