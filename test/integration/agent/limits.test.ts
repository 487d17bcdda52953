import { afterEach, beforeEach, expect, test } from "vitest";
import type { Claim, ClaimRequest } from "../../../src/stores/queue-store.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { type AgentPlace, agentPlace, type JobEvent, until } from "../../support/agent/agent.ts";

let place: AgentPlace;
beforeEach(async () => {
  place = await agentPlace();
});
afterEach(async () => {
  await place.remove();
});

async function define(text: string): Promise<void> {
  const change = { name: "narrow", text, expected: undefined, by: "ada" };
  await place.store.definitions?.write(change, new AbortController().signal);
}

/** As many jobs as were at work at the same time. */
function most(events: readonly JobEvent[]): number {
  let now = 0;
  return Math.max(0, ...events.map(({ what }) => (now += what === "begin" ? 1 : -1)));
}

/** The store, with what happens before its first claim is sent. */
function beforeClaim(store: WholeStore, work: () => Promise<void>): WholeStore {
  let waited: Promise<void> | undefined;
  return {
    ...store,
    claim: async (request: ClaimRequest, signal: AbortSignal): Promise<Claim> => {
      await (waited ??= work());
      return store.claim(request, signal);
    },
  };
}

test("a limit holds also when the earlier run is taken later, by who had counted before", async () => {
  await define("limits: {running: 1}");
  // The first can be taken by one of the agents only, which is slow: the other takes the second meanwhile.
  const [first] = await place.enqueue(["sleep 1"], { queue: "narrow", slots: { gpu: 1 } });
  const [second] = await place.enqueue(["sleep 1"], { queue: "narrow" });
  const hasBegun = (runId = ""): boolean => place.jobs().some((event) => event.runId === runId);
  let asked = false;
  const slow = beforeClaim(place.store, async () => {
    asked = true;
    await until(() => hasBegun(second));
  });
  const one = place.run({ queues: ["narrow"], agent: "slow", slots: { gpu: 1 } }, { store: slow });
  await until(() => asked);
  const other = place.run({ queues: ["narrow"], agent: "quick" });
  await Promise.all([one, other]);
  expect(most(place.jobs())).toBe(1);
  expect(hasBegun(first)).toBe(true);
  expect((await place.entries()).map(({ run }) => [run.state, run.attempt])).toEqual([
    ["succeeded", 1],
    ["succeeded", 1],
  ]);
});

test("an agent counts what it has taken itself, whatever slots that has left", async () => {
  await define("limits: {running: 2}");
  const scripts = Array.from({ length: 5 }, () => "sleep 0.3");
  await place.enqueue(scripts, { queue: "narrow", slots: { cpu: 2 } });
  await place.enqueue(scripts, { queue: "narrow", slots: { cpu: 1 } });
  await place.run({ queues: ["narrow"], maxJobs: 8, slots: { cpu: 5 } });
  expect(most(place.jobs())).toBeLessThanOrEqual(2);
  expect((await place.entries()).filter(({ run }) => run.state === "succeeded")).toHaveLength(10);
});

test("sixteen agents never run more than a queue may", { timeout: 120_000 }, async () => {
  await define("limits: {running: 3}");
  await place.enqueue(
    Array.from({ length: 16 }, () => "sleep 0.1"),
    { queue: "narrow" },
  );
  const agents = Array.from({ length: 16 }, (_, index) => `agent-${index}`);
  await Promise.all(agents.map((agent) => place.run({ queues: ["narrow"], agent, maxJobs: 2 })));
  expect(most(place.jobs())).toBeLessThanOrEqual(3);
  expect((await place.entries()).every(({ run }) => run.state === "succeeded" && run.attempt === 1)).toBe(true);
});
