import { formatCommandLine } from "../core/command-line.ts";
import { LaunchError } from "../core/errors.ts";
import { knownTokens } from "../core/token.ts";
import type { QueueEntry, QueueStore } from "../stores/queue-store.ts";
import type { RunDocument } from "../run/document.ts";
import type { DraftedRequest, EnqueuedLaunch, EnqueueServices } from "./enqueue-request.ts";
import { refuseOutputs } from "../launch/prepare.ts";
import { secretInPatch } from "../clients/git/patch-secrets.ts";
import { redactionOfKnown, refuseSecretNames } from "../launch/secrets.ts";
import { refuseSecretValues } from "./public-values.ts";

/* What is refused before a run is written. */

/** Refuses what can be told from one launch alone. */
export async function refuseLaunch(
  { request: launch, queue, origins = [] }: EnqueuedLaunch,
  services: EnqueueServices,
): Promise<void> {
  refuseOutputs(launch);
  const { environment, storeIsHere } = services;
  const known = await redactionOfKnown(launch, services);
  const tokens = knownTokens(services.tokens);
  refuseSecretValues({ spec: queue.submitted, origins, environment, tokens, known, storeIsHere });
  refuseSecretNames(launch, known);
  const names = Object.keys(launch.secrets);
  if (names.length === 0) return;
  throw new LaunchError(
    "bad-usage",
    `secrets ${names.join(", ")}: a value can't travel with a queued run; name them in the spec's secrets, and give the values in the launch config of the agent`,
  );
}

/** A patch without a secret's value would be another patch, and make another tree. */
export async function refuseSecretPatches(
  { launches, documents }: DraftedRequest,
  services: EnqueueServices,
): Promise<void> {
  for (const [index, { request }] of launches.entries()) {
    const patch = documents[index]?.patch;
    const place = patch === undefined ? undefined : secretInPatch(patch, await redactionOfKnown(request, services));
    if (place === undefined) continue;
    throw new LaunchError(
      "refused",
      `what is local would travel as a patch, and ${place} holds the value of a secret; take it out, and name the secret in the spec's \`secrets\``,
    );
  }
}

/** What is local is nobody's business but ours, until it is committed and pushed. */
export async function refusePublicPatches(
  { launches, documents }: DraftedRequest,
  { store, storeIsPublic, isReadByAll }: EnqueueServices,
  signal: AbortSignal,
): Promise<void> {
  const mayNot = launches.some(
    ({ request }, index) => documents[index]?.patch !== undefined && !request.config.allow.patches_in_public,
  );
  if (!mayNot || !storeIsPublic) return;
  const answer = await isReadByAll?.(signal);
  if (answer === false) return;
  const readers = answer === true ? "everybody can read" : "everybody may be able to read";
  throw new LaunchError(
    "refused",
    `what is local would travel as a patch, and ${readers} ${store.location}; commit it and git push, or set \`allow.patches_in_public: true\` in the launch config`,
  );
}

/** Refuses what a queue has no room for, and finds the waiting runs that these replace. Looks only where there is something to see. */
export async function roomAndReplaced(
  { launches, replace, idempotencyKey, documents }: DraftedRequest,
  { store }: EnqueueServices,
  signal: AbortSignal,
): Promise<readonly QueueEntry[]> {
  const limits = new Map(launches.map(({ queue }) => [queue.name, queue.definition.limits.waiting]));
  if (replace === undefined && [...limits.values()].every((limit) => limit === undefined)) return [];
  const snapshot = await store.snapshot([...limits.keys()], signal);
  const waiting = snapshot.entries.filter(({ place }) => place === "waiting");
  const replaced = replace === undefined ? [] : waiting.filter(({ run }) => run.queued?.replace === replace);
  const ids = new Set(snapshot.entries.map(({ run }) => run.run_id));
  for (const [queue, limit] of limits) {
    if (limit === undefined) continue;
    const there = waiting.filter((entry) => entry.queue === queue && !replaced.includes(entry)).length;
    const unseen = documents.filter(({ run }) => run.queued?.queue === queue && !ids.has(run.run_id));
    if (there + unseen.length <= limit) continue;
    // An earlier call with the same key may have written them, and they have been folded away since.
    const added = idempotencyKey === undefined ? unseen.length : await countNew(unseen, store, signal);
    if (added === 0 || there + added <= limit) continue;
    throw new LaunchError(
      "refused",
      `queue "${queue}" takes at most ${limit} waiting runs (limits.waiting): ${there} wait, and ${added} would be added; cancel some, wait until some have started, or raise the limit: ${formatCommandLine(["launch", "queue", "set", queue, "--set", `limits.waiting=${there + added}`])}`,
    );
  }
  return replaced;
}

async function countNew(documents: readonly RunDocument[], store: QueueStore, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (const { run } of documents) if ((await store.read(run.run_id, signal)) === undefined) count++;
  return count;
}
