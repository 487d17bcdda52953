import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { agentStores } from "../../support/agent/agent-stores.ts";
import { type AgentPlace, agentPlace, type JobEvent, overlaps, until } from "../../support/agent/agent.ts";

/*
 * Whoever may write to a store can write leases that name an agent and its incarnation, which its beat shows. To the agent they look like
 * claims of its own whose answers were lost.
 */
vi.setConfig({ testTimeout: 300_000 });

const { signal } = new AbortController();

/** As many jobs as were at work at the same time. */
function most(events: readonly JobEvent[]): number {
  let now = 0;
  return Math.max(0, ...events.map(({ what }) => (now += what === "begin" ? 1 : -1)));
}

/** Leases all that waits to the agent, as somebody else does it. */
async function forge(place: AgentPlace, agent: string): Promise<number> {
  const { agents, entries } = await place.store.snapshot("all", signal);
  const incarnation = agents.find(({ beat }) => beat.agent === agent)?.beat.incarnation ?? "";
  const waiting = entries.filter((entry) => entry.place === "waiting");
  for (const entry of waiting) {
    const lease = { agent, incarnation, attempt: entry.run.attempt + 1, since: new Date().toISOString() };
    await place.store.claim({ entry, lease }, signal);
  }
  return waiting.length;
}

type Case = {
  readonly runs: number;
  readonly maxJobs: number;
  /** What the machine has of the slot, and each run wants; 0 wants none. */
  readonly slots: readonly [total: number, wanted: number];
  readonly running: number | undefined;
  readonly paused: boolean;
};

const cases: fc.Arbitrary<Case> = fc.record({
  runs: fc.integer({ min: 2, max: 6 }),
  maxJobs: fc.integer({ min: 1, max: 4 }),
  slots: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 1 })),
  running: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  paused: fc.boolean(),
});

/** The agent is at work before the leases are forged, and goes on until all is done. */
async function check(
  place: AgentPlace,
  { runs, maxJobs, slots: [total, wanted], running, paused }: Case,
): Promise<void> {
  const text = running === undefined ? "resource: local-process" : `limits: {running: ${running}}`;
  await place.store.definitions?.write({ name: "narrow", text, expected: undefined, by: "ada" }, signal);
  // Nothing is taken the right way before the leases are there.
  await place.store.pause("narrow", true, signal);
  const over = new AbortController();
  const working = place.run(
    {
      queues: ["narrow"],
      agent: "a1",
      maxJobs,
      slots: { gpu: total },
      drain: false,
      lease: { ttlMs: 20_000, heartbeatMs: 1_000 },
    },
    {},
    over.signal,
  );
  try {
    await until(async () => (await place.store.snapshot("all", signal)).agents.length > 0);
    const scripts = Array.from({ length: runs }, () => "sleep 0.2");
    await place.enqueue(scripts, { queue: "narrow", ...(wanted === 0 ? {} : { slots: { gpu: wanted } }) });
    if (!paused) await place.store.pause("narrow", false, signal);
    await forge(place, "a1");
    if (paused) {
      await until(
        async () => place.jobs().length > 0 || (await place.entries()).every((entry) => entry.place === "waiting"),
      );
      expect(place.jobs()).toEqual([]);
      await place.store.pause("narrow", false, signal);
    }
    await until(async () => (await place.entries()).every((entry) => entry.place === "ended"));
  } finally {
    over.abort();
    await working;
  }
  const allowed = Math.min(maxJobs, running ?? runs, wanted === 0 ? runs : Math.floor(total / wanted));
  expect(most(place.jobs())).toBeLessThanOrEqual(allowed);
  expect(overlaps(place.jobs())).toEqual([]);
  // Given back, it was no attempt.
  expect((await place.entries()).map(({ run }) => `${run.state} ${run.attempt}`)).toEqual(
    Array.from({ length: runs }, () => "succeeded 1"),
  );
}

describe.each(Object.entries(agentStores))("leases of an agent that somebody else wrote, in %s", (_name, newStore) => {
  const checkNew = async (asked: Case): Promise<void> => {
    const place = await agentPlace(await newStore());
    try {
      await check(place, asked);
    } finally {
      await place.remove();
    }
  };

  test("start nothing in a queue that is paused", async () => {
    await checkNew({ runs: 8, maxJobs: 8, slots: [1, 0], running: undefined, paused: true });
  });

  test("never start more than the agent's places, its slots and the queue's limits allow", async () => {
    await checkNew({ runs: 8, maxJobs: 1, slots: [1, 0], running: undefined, paused: false });
    await fc.assert(fc.asyncProperty(cases, checkNew), { numRuns: 6 });
  });
});
