import { LaunchError } from "../core/errors.ts";
import type { Tokens } from "../core/token.ts";
import type { LaunchPlan } from "../launch/plan-launch.ts";
import type { LaunchRequest, RunResult, Services } from "../launch/services.ts";
import type { Enqueued } from "../queueing/enqueue-request.ts";
import type { QueuesOnDemand } from "../queueing/queues-on-demand.ts";
import type { OpenQueues } from "../stores/choose-store.ts";
import { queuesOf, storeRequestOf } from "./chosen-store.ts";
import type { FaultyDraft, ResolvedDraft } from "./draft.ts";
import { draftAll, type Drafted } from "./drafts.ts";
import { refuseWithoutQueue, requiredQueue } from "./refusals.ts";
import type { Submission, SubmitServices } from "./submission.ts";

/*
 * From a submission to what is done, for every door: its specs are resolved; what would be done is shown, or runs wait in their queues, or
 * one is launched here and followed to its end. A door makes the submission, and turns what became of it into words.
 */

export type Planned = { readonly name: string; readonly plan: LaunchPlan };

/** What became of a submission. */
export type Submitted =
  | FaultyDraft
  | { readonly kind: "planned"; readonly plans: readonly Planned[] }
  | { readonly kind: "launched"; readonly result: RunResult; readonly specFile: string | undefined }
  | {
      readonly kind: "enqueued";
      readonly enqueued: Enqueued;
      /** Open, for who follows the runs or looks where they stand; the door closes it. */
      readonly store: OpenQueues["store"];
      /** For what is to be done on GitHub besides. */
      readonly tokens: Tokens;
    };

/** What is asked for, with what it is done with. */
type Asked = {
  readonly submission: Submission;
  readonly services: SubmitServices;
  readonly queues: QueuesOnDemand;
};

/** Does what is asked for. Throws what is refused, and what a run can't be launched or enqueued for. */
export async function submit(
  submission: Submission,
  services: SubmitServices,
  signal: AbortSignal,
): Promise<Submitted> {
  const queues = queuesOf(submission.settings.store, services, signal);
  try {
    const submitted = await answer({ submission, services, queues }, signal);
    if (submitted.kind !== "enqueued") await queues.close();
    return submitted;
  } catch (error) {
    await queues.close();
    throw error;
  }
}

async function answer(asked: Asked, signal: AbortSignal): Promise<Submitted> {
  const { submission, services, queues } = asked;
  const drafted = await draftAll(submission, { ...services, queue: queues.resolution }, signal);
  if (drafted.kind === "faults") return drafted;
  const { drafts } = drafted;
  if (submission.settings.dryRun === true) return planAll(drafts, asked, signal);
  if (drafts.some(({ draft }) => draft.queue !== undefined)) return enqueueAll(drafts, asked, signal);
  refuseWithoutQueue(submission);
  return launchHere(firstOf(drafts), asked, signal);
}

/** One after the other, so that nothing of one is taken for another's. */
async function planAll(drafts: readonly Drafted[], asked: Asked, signal: AbortSignal): Promise<Submitted> {
  const { planLaunch } = await import("../launch/plan-launch.ts");
  const services = await launchServices(firstOf(drafts), asked);
  const plans: Planned[] = [];
  for (const { draft } of drafts) {
    const plan = await planLaunch(requestOf(draft, asked.submission), services, signal);
    plans.push({ name: draft.spec.name, plan });
  }
  return { kind: "planned", plans };
}

/** All of them in one request, or none. */
async function enqueueAll(drafts: readonly Drafted[], asked: Asked, signal: AbortSignal): Promise<Submitted> {
  const { submission, services, queues } = asked;
  services.onQueue?.();
  const { enqueue } = await import("../queueing/enqueue.ts");
  const { config } = firstOf(drafts);
  const launches = drafts.map(({ draft, leg }) => ({
    request: requestOf(draft, submission),
    queue: requiredQueue(draft, submission),
    leg,
    origins: draft.origins.spec,
  }));
  const { idempotencyKey, settings } = submission;
  const opened = await queues.open(config);
  const tokens = await services.tokensOf(config);
  const request = { launches, replace: settings.replace, idempotencyKey };
  const enqueued = await enqueue(request, { ...services, tokens, ...opened }, signal);
  return { kind: "enqueued", enqueued, store: opened.store, tokens };
}

async function launchHere(draft: ResolvedDraft, asked: Asked, signal: AbortSignal): Promise<Submitted> {
  const { launch } = await import("../launch/launch.ts");
  const result = await launch(requestOf(draft, asked.submission), await launchServices(draft, asked), signal);
  return { kind: "launched", result, specFile: draft.specFile };
}

/** They are of one place, so the launch config of one is that of all. */
function firstOf([first]: readonly Drafted[]): ResolvedDraft {
  if (first === undefined) throw new LaunchError("bad-usage", "nothing is given to run");
  return first.draft;
}

function requestOf(
  { spec, config, baseDirectory, leftOut, warnings, sourceNamed }: ResolvedDraft,
  { settings, secrets, by, ci }: Submission,
): LaunchRequest {
  const includeUntracked = settings.includeUntracked === true;
  return { spec, config, baseDirectory, includeUntracked, leftOut, warnings, sourceNamed, secrets, by, ci };
}

async function launchServices({ config }: ResolvedDraft, { submission, services }: Asked): Promise<Services> {
  const { chooseStore } = await import("../stores/choose-store.ts");
  const request = await storeRequestOf(submission.settings.store, config, services);
  return { ...services, tokens: request.tokens, store: chooseStore(request) };
}
