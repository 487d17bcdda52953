import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import type { Log } from "../core/output/log.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { Tokens } from "../core/token.ts";
import { type GitHubContext, runUrl } from "../github/context.ts";
import { type CredentialRequest, gitHubTokens } from "../github/credentials.ts";
import { defaultStoreUrl } from "../github/store.ts";
import { thisLauncher } from "../launch/services.ts";
import type { CiRun } from "../run/record.ts";
import type { ResolvedDraft } from "../submit/draft.ts";
import type { LaunchRequest, Services } from "../launch/services.ts";
import type { StoreChoiceRequest } from "../stores/choose-store.ts";
import type { LaunchConfig } from "../spec/config/launch-config.ts";
import type { ActionInputs } from "./inputs.ts";

export type JobPlace = {
  readonly inputs: ActionInputs;
  readonly context: GitHubContext;
  readonly state: StateDirectory;
  readonly log: Log;
};

/** What a job reaches GitHub with: the launch config's App, or the input's token. Each token of an App is masked before it is used. */
export function credentialsOf({ inputs, log }: JobPlace, config: LaunchConfig): CredentialRequest {
  const onToken = (token: string): void => core.setSecret(token);
  return { config, token: inputs.token, environment: process.env, clock: systemClock, log, onToken };
}

function tokensOf(place: JobPlace, config: LaunchConfig): Tokens {
  return gitHubTokens(credentialsOf(place, config));
}

/** Which store a job uses: the input's, LAUNCH_STORE, the launch config's, else its own repository. */
export function storeRequestOf(place: JobPlace, config: LaunchConfig): StoreChoiceRequest {
  const { inputs, context, state, log } = place;
  const own = defaultStoreUrl(context, inputs.token);
  const chosen = process.env["LAUNCH_STORE"] ?? "";
  return {
    given: inputs.settings.store ?? (chosen === "" ? config.store : chosen),
    byDefault: own?.url,
    isPublic: own?.isPublic ?? true,
    state,
    tokens: tokensOf(place, config),
    log,
  };
}

/** What a launch works with in a job, besides its store. */
export function jobServices(place: JobPlace, config: LaunchConfig): Omit<Services, "store"> {
  const { context, state, log } = place;
  const tokens = tokensOf(place, config);
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
  const { settings, secrets } = inputs;
  const includeUntracked = settings.includeUntracked === true;
  const by = submitterOf(context);
  return { spec, config, baseDirectory, includeUntracked, warnings, secrets, by, ci: ciRunOf(context) };
}
