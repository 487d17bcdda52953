import { expect, it } from "vitest";
import { type Chaos, startChaos } from "../support/chaos/chaos.ts";
import { nothingWrong } from "../support/chaos/chaos-count.ts";
import { chaosEngines, describeHeavy } from "../support/chaos/heavy.ts";

const ttlMs = 4_000;
/** Where nothing waits for a lease to be over: on a busy machine an agent may get no turn for seconds. */
const patientTtlMs = 12_000;
const withinMs = 300_000;
const limits = { timeout: 600_000 };

function startFour(chaos: Chaos): void {
  for (const agent of ["north", "east", "south", "west"]) chaos.start({ agent });
}

async function holderOf(chaos: Chaos, runId: string): Promise<string> {
  const { entries } = await chaos.snapshot();
  return entries.find(({ run }) => run.run_id === runId)?.run.lease?.agent ?? "";
}

async function started(chaos: Chaos, runId: string): Promise<boolean> {
  return (await chaos.ledger.read()).get(runId)?.some(({ event }) => event === "start") ?? false;
}

describeHeavy("an agent in trouble", () => {
  it.each(chaosEngines)(
    "that sleeps past its ttl has lost its runs when it wakes (%s)",
    limits,
    async (_name, make) => {
      const chaos = await startChaos(make, { ttlMs });
      try {
        const long = await chaos.enqueue("long", 4, { seconds: 10 });
        const short = await chaos.enqueue("short", 36, { seconds: 0.3 });
        const [first = ""] = long;
        startFour(chaos);
        await chaos.until("a long run at work", withinMs, () => started(chaos, first));
        const holder = await holderOf(chaos, first);
        const sleeper = chaos.agents.find(({ order }) => order.agent === holder)!;
        sleeper.signal("SIGSTOP");
        await chaos.until(
          "the long run in other hands",
          withinMs,
          async () => (await holderOf(chaos, first)) !== holder,
        );
        sleeper.signal("SIGCONT");
        await chaos.ended([...long, ...short], withinMs);
        await chaos.leave();
        const count = await chaos.count([...long, ...short]);
        expect(count).toMatchObject({ ...nothingWrong, states: { succeeded: 40 } });
        expect(count.retried).toBeGreaterThanOrEqual(1);
        expect(await sleeper.log()).toContain("another agent has the run by now");
      } finally {
        await chaos.end();
      }
    },
  );

  it.each(chaosEngines)(
    "whose clock is an hour off takes nothing from the others (%s)",
    limits,
    async (_name, make) => {
      const chaos = await startChaos(make, { ttlMs: patientTtlMs });
      try {
        const runIds = await chaos.enqueue("run", 40, { seconds: 0.5 });
        const hourMs = 3_600_000;
        for (const [agent, clockOffsetMs] of [
          ["north", 0],
          ["ahead", hourMs],
          ["behind", -hourMs],
          ["west", 0],
        ] as const) {
          chaos.start({ agent, clockOffsetMs });
        }
        await chaos.ended(runIds, withinMs);
        await chaos.leave();
        expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
      } finally {
        await chaos.end();
      }
    },
  );

  it.each(chaosEngines)("that has the id of another is turned away (%s)", limits, async (_name, make) => {
    // The twin waits for a beat of the first: it is to see one long before it may take it for gone.
    const chaos = await startChaos(make, { ttlMs: 30_000, heartbeatMs: 1_000 });
    try {
      const runIds = await chaos.enqueue("run", 40, { seconds: 0.3 });
      startFour(chaos);
      const twins = chaos.agents.map(({ order }) => chaos.start({ agent: order.agent, state: `${order.state}-twin` }));
      await Promise.race(twins.map(({ exited }) => exited));
      await chaos.ended(runIds, withinMs);
      await chaos.until(
        "one of each two is gone",
        withinMs,
        () => chaos.agents.filter((agent) => agent.isThere()).length <= 4,
      );
      await chaos.leave();
      const codes = await Promise.all(chaos.agents.map(({ exited }) => exited));
      expect(codes.toSorted()).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
      expect(await chaos.agents[0]!.log()).toContain("is at work already");
      expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
    } finally {
      await chaos.end();
    }
  });
});
