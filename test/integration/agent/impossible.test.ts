import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Claim } from "../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { type AgentPlace, agentPlace } from "../../support/agent/agent.ts";
import { agentStores } from "../../support/agent/agent-stores.ts";

/** The store, with what is asked of it in order: a look, or the run that was taken. */
function told(store: WholeStore, said: string[]): WholeStore {
  const note = (claim: Claim): Claim => {
    if (claim.kind === "won") said.push(claim.entry.run.run_id);
    return claim;
  };
  const { picks } = store;
  return {
    ...store,
    snapshot: (queues, signal) => {
      said.push("look");
      return store.snapshot(queues, signal);
    },
    claim: async (request, signal) => note(await store.claim(request, signal)),
    ...(picks === undefined
      ? {}
      : { picks: { ...picks, claimNext: async (request, signal) => note(await picks.claimNext(request, signal)) } }),
  };
}

describe.each(Object.entries(agentStores))("runs that nobody has the slots for, in %s", (_name, open) => {
  let place: AgentPlace;
  beforeEach(async () => {
    place = await agentPlace(await open());
  });
  afterEach(() => place.remove());

  test.each([
    { before: 1, behind: 0 },
    { before: 4, behind: 3 },
    { before: 11, behind: 1 },
  ])(
    "are refused behind what can start, a few at a look: $before before, $behind behind",
    { timeout: 60_000 },
    async ({ before, behind }) => {
      const many = (count: number): readonly string[] => Array.from({ length: count }, () => "true");
      const impossible = { slots: { gpu: 3 }, priority: 0 };
      const refused = [...(await place.enqueue(many(before), impossible))];
      const possible = await place.enqueue(many(2), { slots: { gpu: 1 } });
      if (behind > 0) refused.push(...(await place.enqueue(many(behind), { ...impossible, priority: 3 })));
      const said: string[] = [];
      const { end, runs } = await place.run({ maxJobs: 2, slots: { gpu: 2 } }, { store: told(place.store, said) });
      expect(end).toBe("drained");
      expect(new Map(runs.map(({ runId, end: { kind } }) => [runId, kind]))).toEqual(
        new Map([
          ...refused.map((runId) => [runId, "failed"] as const),
          ...possible.map((runId) => [runId, "succeeded"] as const),
        ]),
      );
      const taken = said.filter((what) => what !== "look");
      expect(taken.slice(0, 2).sort()).toEqual([...possible].sort());
      const perLook = said
        .join(" ")
        .split("look")
        .map((part) => refused.filter((runId) => part.includes(runId)).length);
      expect(Math.max(...perLook)).toBeLessThanOrEqual(3);
    },
  );
});
