import * as core from "@actions/core";
import { LaunchError } from "../core/errors.ts";
import type { StateDirectory } from "../core/state-directory.ts";
import type { GitHubContext } from "../github/context.ts";
import type { ResolvedDraft } from "../submit/draft.ts";
import { launch } from "../launch/launch.ts";
import { type LaunchPlan, planLaunch } from "../launch/plan-launch.ts";
import { planLines } from "../launch/plan-lines.ts";
import { chooseStore } from "../stores/choose-store.ts";
import { againOnGitHub } from "./again.ts";
import type { Exit } from "./exit.ts";
import { gitHubLog, type JobOutput } from "./github-log.ts";
import type { ActionInputs } from "./inputs.ts";
import { jobServices, requestOf, storeRequestOf } from "./services.ts";

export type LaunchOnGitHub = {
  readonly inputs: ActionInputs;
  /** One, unless all that is asked for is what would be done. */
  readonly drafts: readonly ResolvedDraft[];
  readonly context: GitHubContext;
  readonly state: StateDirectory;
  readonly out: JobOutput;
  readonly monotonicMs: () => number;
};

/** Launches a resolved spec with what this job has: its token, its repository as the store, its log. */
export async function launchOnGitHub(request: LaunchOnGitHub, signal: AbortSignal): Promise<Exit> {
  const { inputs, drafts, context, state } = request;
  const log = gitHubLog({ out: request.out, monotonicMs: request.monotonicMs, verbose: core.isDebug(), groups: true });
  const place = { inputs, context, state, log };
  const [draft] = drafts;
  if (draft === undefined) throw new LaunchError("bad-usage", "nothing is given to run");
  const services = { ...jobServices(place, draft.config), store: chooseStore(storeRequestOf(place, draft.config)) };
  try {
    if (inputs.settings.dryRun === true) {
      const planned: { readonly plan: LaunchPlan; readonly lines: readonly string[] }[] = [];
      for (const one of drafts) {
        const plan = await planLaunch(requestOf(place, one), services, signal);
        planned.push({ plan, lines: planLines(one.spec.name, plan) });
      }
      return {
        kind: "plan",
        plans: planned.map(({ plan }) => plan),
        lines: planned.flatMap(({ lines }) => lines),
      };
    }
    const result = await launch(requestOf(place, draft), services, signal);
    return { kind: "run", result, again: againOnGitHub(result.record, inputs, draft.specFile) };
  } finally {
    log.stop();
  }
}
