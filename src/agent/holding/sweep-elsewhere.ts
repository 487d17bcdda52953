import { messageOf } from "../../core/errors.ts";
import { ours, say } from "../../core/output/said.ts";
import { endElsewhere, isElsewhere } from "../../machine/elsewhere.ts";
import type { RunKey } from "../../run/handle.ts";
import type { QueueEntry, QueueSnapshot } from "../../stores/queue-store.ts";
import { attemptOf, type Served } from "../context.ts";
import { servicesOf } from "./hold.ts";

/*
 * What was submitted elsewhere is removed once its end is in the store. An agent that is killed between the two leaves it there, and one
 * that stood still may submit it when its attempt was given up: so each agent asks the resources now and then for attempts that are over.
 */

/** Of one attempt, by each agent; of what comes later than that nobody knows. */
const asksOfEach = 3;
const asksAtOnce = 20;
const recentMs = 24 * 3_600_000;

/** Ends and removes what is elsewhere of attempts that are over. What stands in the way is tried again at the next sweep. */
export async function sweepElsewhere(served: Served, { entries }: QueueSnapshot): Promise<void> {
  const { agent, askedElsewhere: asked } = served;
  const { log, clock } = agent.services;
  const since = clock.now().getTime() - recentMs;
  const over = entries
    .filter(({ run }) => isElsewhere(run.resource) && Date.parse(run.updated_at) > since)
    .filter(({ run }) => !served.holds.has(run.run_id))
    .toSorted((one, two) => two.run.updated_at.localeCompare(one.run.updated_at))
    .flatMap((entry) =>
      attemptsOver(served, entry).map((key) => ({ key, kind: entry.run.resource, name: key.identity })),
    )
    .filter(({ name }) => (asked.get(name) ?? 0) < asksOfEach);
  for (const { key, kind, name } of over.slice(0, asksAtOnce)) {
    try {
      if (await endElsewhere(kind, key, servicesOf(served))) {
        log.info(say`${ours(key.runId)}  what was left of attempt ${key.attempt} elsewhere is removed`);
      }
      asked.set(name, (asked.get(name) ?? 0) + 1);
    } catch (error) {
      log.debug(say`what is left of ${ours(key.runId)} elsewhere is not known: ${messageOf(error)}`);
      return;
    }
  }
}

/** The last attempts that nobody goes on with, whoever holds the run. */
function attemptsOver(served: Served, { place, run }: QueueEntry): readonly RunKey[] {
  const last = place === "leased" ? run.attempt - 1 : run.attempt;
  return Array.from({ length: Math.min(last, asksAtOnce) }, (_, at) =>
    attemptOf(served, { ...run, attempt: last - at }),
  );
}
