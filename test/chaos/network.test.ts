import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { type Chaos, type ChaosOptions, startChaos } from "../support/chaos/chaos.ts";
import { nothingWrong } from "../support/chaos/chaos-count.ts";
import type { ChaosEngine } from "../support/chaos/chaos-engine.ts";
import { chaosEngines, describeHeavy } from "../support/chaos/heavy.ts";

/** Nothing here waits for a lease to be over: on a busy machine an agent may get no turn for seconds. */
const ttlMs = 12_000;
const withinMs = 300_000;
const limits = { timeout: 600_000 };

async function withChaos(
  make: (folder: string) => Promise<ChaosEngine>,
  options: ChaosOptions,
  work: (chaos: Chaos) => Promise<void>,
): Promise<void> {
  const chaos = await startChaos(make, options);
  try {
    await work(chaos);
  } finally {
    await chaos.end();
  }
}

function startFour(chaos: Chaos): void {
  for (const agent of ["north", "east", "south", "west"]) chaos.start({ agent });
}

async function endedCount(chaos: Chaos): Promise<number> {
  return (await chaos.snapshot()).entries.filter(({ place }) => place === "ended").length;
}

describeHeavy("a store that is in trouble", () => {
  it.each(chaosEngines)("loses nothing when %s is killed, five times", limits, (_name, make) =>
    withChaos(make, { ttlMs }, async (chaos) => {
      const runIds = await chaos.enqueue("run", 40, { seconds: 0.3 });
      startFour(chaos);
      for (let kill = 1; kill <= 5; kill++) {
        await chaos.until(`${kill * 5} ended runs`, withinMs, async () => (await endedCount(chaos)) >= kill * 5);
        await chaos.engine.killServer();
        await delay(500);
        await chaos.engine.restartServer();
      }
      await chaos.ended(runIds, withinMs);
      await chaos.leave();
      expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
    }),
  );

  it.each(chaosEngines)("does each thing once when a third of what %s answers is lost", limits, (_name, make) =>
    withChaos(make, { ttlMs }, async (chaos) => {
      const runIds = await chaos.enqueue("run", 40, { seconds: 0.3 });
      await chaos.engine.dropAnswers(0.33, 4);
      startFour(chaos);
      await chaos.ended(runIds, withinMs);
      await chaos.leave();
      expect(await chaos.engine.dropped()).toBeGreaterThanOrEqual(10);
      expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
    }),
  );

  it.each(chaosEngines)("takes nothing from anybody when %s is slow", limits, (_name, make) =>
    withChaos(make, { ttlMs }, async (chaos) => {
      const runIds = await chaos.enqueue("run", 40, { seconds: 0.3 });
      chaos.engine.link.delay(300);
      startFour(chaos);
      await chaos.ended(runIds, withinMs);
      await chaos.leave();
      expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
    }),
  );

  it.each(chaosEngines)("stops no run when %s is away for ten ttls", limits, (_name, make) =>
    withChaos(make, { ttlMs: 4_000 }, async (chaos) => {
      const long = await chaos.enqueue("long", 8, { seconds: 50 });
      const short = await chaos.enqueue("short", 32);
      startFour(chaos);
      await chaos.until("eight runs at work", withinMs, async () => (await chaos.ledger.read()).size === 8);
      chaos.engine.link.cut();
      await delay(10 * 4_000);
      chaos.engine.link.mend();
      await chaos.ended([...long, ...short], withinMs);
      await chaos.leave();
      const count = await chaos.count([...long, ...short]);
      expect(count).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
    }),
  );
});
