import { LaunchError } from "../core/errors.ts";
import type { MergedQueue } from "../spec/resolve/resolution.ts";
import type { ResolvedDraft } from "./draft.ts";
import { givenSettings } from "./settings/tables.ts";
import type { Submission } from "./submission.ts";

/** What only runs of a queue can have. */
export function refuseWithoutQueue({ specs, settings, nameOf }: Submission): void {
  const ofQueues = givenSettings(settings).filter(({ setting }) => setting.queueOnly === true);
  const given = [...(specs.length > 1 ? ["more than one spec"] : []), ...ofQueues.map(({ name }) => nameOf(name))];
  if (given.length === 0) return;
  throw new LaunchError("bad-usage", `${given.join(", ")}: only for runs of a queue; name one with ${nameOf("queue")}`);
}

/** The queue of a spec that is submitted together with others that wait in queues. */
export function requiredQueue(
  { queue, specFile = "one of the specs" }: ResolvedDraft,
  { nameOf }: Submission,
): MergedQueue {
  if (queue !== undefined) return queue;
  throw new LaunchError(
    "bad-usage",
    `${specFile} names no queue, and others do; give one for all with ${nameOf("queue")}`,
  );
}
