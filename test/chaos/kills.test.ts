import { describe, expect, it } from "vitest";
import { type Chaos, startChaos } from "../support/chaos/chaos.ts";
import { nothingWrong } from "../support/chaos/chaos-count.ts";
import { gitChaos } from "../support/chaos/chaos-engine.ts";
import { chaosEngines, describeHeavy, isSoak } from "../support/chaos/heavy.ts";
import { seeded } from "../support/chaos/seeded.ts";

type Storm = {
  readonly runs: number;
  readonly agents: number;
  readonly kills: number;
  readonly ttlMs: number;
  readonly seed: number;
};

/**
 * Kills agents at random while the runs go on. The first fourth of those killed are gone with their machines: others have to wait until
 * their leases are over. The rest are started again where they were, and find what they left there.
 */
async function storm(chaos: Chaos, { runs, agents, kills, seed }: Storm, withinMs: number): Promise<readonly string[]> {
  const random = seeded(seed);
  const runIds = await chaos.enqueue("run", runs, { seconds: 0.2 });
  for (let index = 1; index <= agents; index++) chaos.start({ agent: `agent-${index}` });
  for (let kill = 1; kill <= kills; kill++) {
    const wanted = Math.floor((0.85 * runs * kill) / (kills + 1));
    await chaos.until(`${wanted} ended runs`, withinMs, async () => {
      const { entries } = await chaos.snapshot();
      return entries.filter(({ place }) => place === "ended").length >= wanted;
    });
    const there = chaos.agents.filter((agent) => agent.isThere());
    const victim = there[Math.floor(random() * there.length)]!;
    victim.signal("SIGKILL");
    await victim.exited;
    if (kill <= Math.ceil(kills / 4)) chaos.start({ agent: `agent-${agents + kill}` });
    else chaos.start({ agent: victim.order.agent, state: victim.order.state });
  }
  await chaos.ended(runIds, withinMs);
  return runIds;
}

/** How many runs were gone on with by another agent than the one that had started them. */
async function takenOver({ agents }: Chaos): Promise<number> {
  const logs = await Promise.all(agents.map((agent) => agent.log()));
  return new Set(logs.flatMap((log) => log.match(/^.* taken over from .*$/gm) ?? [])).size;
}

const great: Storm = isSoak
  ? { runs: 500, agents: 16, kills: 20, ttlMs: 45_000, seed: 4 }
  : { runs: 100, agents: 10, kills: 10, ttlMs: 20_000, seed: 4 };

describeHeavy(`${great.runs} runs and ${great.agents} agents, of which ${great.kills} are killed`, () => {
  it.each(chaosEngines)("on %s: none is lost, and none ends twice", { timeout: 1_800_000 }, async (_name, make) => {
    const chaos = await startChaos(make, great);
    try {
      const runIds = await storm(chaos, great, 1_500_000);
      await chaos.leave();
      const count = await chaos.count(runIds);
      expect(count).toMatchObject({ ...nothingWrong, states: { succeeded: great.runs } });
      expect(chaos.agents).toHaveLength(great.agents + great.kills);
      expect(await takenOver(chaos)).toBeGreaterThanOrEqual(1);
      expect((await chaos.engine.ends()).toSorted()).toEqual(runIds.toSorted());
    } finally {
      await chaos.end();
    }
  });
});

describe("12 runs and 3 agents, of which 2 are killed", () => {
  it("all end once", { timeout: 600_000 }, async () => {
    const few: Storm = { runs: 12, agents: 3, kills: 2, ttlMs: 4_000, seed: 4 };
    const chaos = await startChaos(gitChaos, few);
    try {
      const runIds = await storm(chaos, few, 300_000);
      await chaos.leave();
      expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 12 } });
      expect((await chaos.engine.ends()).toSorted()).toEqual(runIds.toSorted());
    } finally {
      await chaos.end();
    }
  });
});
