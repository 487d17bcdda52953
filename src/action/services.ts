import { homedir } from "node:os";
import * as core from "@actions/core";
import { systemClock } from "../core/clock.ts";
import { type GitHubContext, runUrl } from "../github/context.ts";
import { defaultStoreUrl } from "../github/store.ts";
import { ownCatalogs, thisLauncher } from "../launch/services.ts";
import type { CiRun } from "../run/record.ts";
import type { SubmitServices } from "../submit/submission.ts";
import type { JobPlace } from "./job-place.ts";

/** What a job's command works with: its token, or the launch config's App, and its own repository as the store that nobody need name. */
export function jobServices({ inputs, context, state, log }: JobPlace): SubmitServices {
  const { owner = "unknown", repository = "launch" } = context;
  const job = runUrl(context);
  return {
    log,
    clock: systemClock,
    state,
    environment: process.env,
    home: homedir(),
    ...ownCatalogs({ log, state, environment: process.env }),
    launcher: { ...thisLauncher(state), ...(job === undefined ? {} : { job }) },
    ownerOf: () => Promise.resolve({ entity: owner, project: repository }),
    tokensOf: async (config) => {
      const { gitHubTokens } = await import("../github/credentials.ts");
      // Each token of an App is masked before it is used.
      const onToken = (token: string): void => core.setSecret(token);
      return gitHubTokens({ config, token: inputs.token, environment: process.env, clock: systemClock, log, onToken });
    },
    ownStore: defaultStoreUrl(context, inputs.token),
  };
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
