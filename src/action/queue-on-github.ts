import { type GitHubContext } from "../github/context.ts";
import { dispatchWorkflow } from "../github/dispatch.ts";
import type { ResolvedDraft } from "../launch/draft.ts";
import { enqueue } from "../launch/enqueue.ts";
import type { EnqueuedLaunch } from "../launch/enqueue-request.ts";
import type { OpenQueues } from "../launch/store-choice.ts";
import { waitForRuns } from "../launch/wait-runs.ts";
import { systemClock } from "../core/clock.ts";
import { LaunchError } from "../core/errors.ts";
import type { Exit } from "./exit.ts";
import type { ActionInputs } from "./inputs.ts";
import { ciRunOf, type JobPlace, jobServices, submitterOf } from "./services.ts";

export type DraftedLeg = { readonly draft: ResolvedDraft; readonly leg: string };

/** Lets resolved specs wait in their queues; with `wait`, follows them to their ends. */
export async function queueOnGitHub(
  place: JobPlace,
  drafts: readonly DraftedLeg[],
  queues: OpenQueues,
  signal: AbortSignal,
): Promise<Exit> {
  const { inputs, context, log } = place;
  const launches = drafts.map((drafted) => launchOf(place, drafted));
  const idempotencyKey = keyOf(context, inputs);
  const services = { ...jobServices(place), ...queues };
  const enqueued = await enqueue({ launches, replace: inputs.replace, idempotencyKey }, services, signal);
  await wake(place, signal);
  const store = queues.store.location;
  if (!inputs.wait) return { kind: "queued", enqueued, store, heads: undefined };
  const heads = await waitForRuns(
    {
      runs: enqueued.runs,
      onChange: ({ run }) => {
        const agent = run.lease === undefined ? "" : ` with ${run.lease.agent}`;
        log.info(`${run.run_id}  ${run.state}${agent}`);
      },
    },
    { store: queues.store, clock: systemClock },
    signal,
  );
  return { kind: "queued", enqueued, store, heads };
}

function launchOf({ inputs, context }: JobPlace, { draft, leg }: DraftedLeg): EnqueuedLaunch {
  const { spec, config, baseDirectory, warnings, queue } = draft;
  if (queue === undefined) throw new LaunchError("bad-usage", "the spec names no queue; give one by the input queue");
  const { includeUntracked, secrets } = inputs;
  const by = submitterOf(context);
  const request = { spec, config, baseDirectory, includeUntracked, warnings, secrets, by, ci: ciRunOf(context) };
  return { request, queue, leg, origins: draft.origins.spec };
}

/** The same for every attempt of this step in this job of this workflow run, and for nothing else. */
function keyOf({ owner, repository, runId, job }: GitHubContext, { leg }: ActionInputs): string | undefined {
  if (runId === "") return undefined;
  return JSON.stringify([owner, repository, runId, job, process.env["GITHUB_ACTION"] ?? "", leg]);
}

/** Starts the workflow of an agent, so that the run needn't wait for its next time. */
async function wake({ inputs, context, log }: JobPlace, signal: AbortSignal): Promise<void> {
  if (inputs.wake === undefined) return;
  const apiUrl = process.env["GITHUB_API_URL"] ?? "https://api.github.com";
  const said = await dispatchWorkflow({ context, apiUrl, token: inputs.token, workflow: inputs.wake }, signal);
  if (said === undefined) log.info(`started the workflow ${inputs.wake}`);
  else log.warning(`the workflow ${inputs.wake} could not be started (${said}); the run waits for the next agent`);
}
