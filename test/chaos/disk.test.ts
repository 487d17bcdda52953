import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { startChaos } from "../support/chaos/chaos.ts";
import { nothingWrong } from "../support/chaos/chaos-count.ts";
import { gitChaos } from "../support/chaos/chaos-engine.ts";
import { describeHeavy } from "../support/chaos/heavy.ts";
import { makeSmallDisk, missingSmallDisk, type SmallDisk } from "../support/chaos/small-disk.ts";

const ttlMs = 6_000;
const withinMs = 300_000;
const limits = { timeout: 600_000 };

const missing = missingSmallDisk();
if (missing !== undefined) process.stderr.write(`skipped "a disk that is full": ${missing}\n`);

describeHeavy("a disk that is full", () => {
  it.skipIf(missing !== undefined)(
    "of an agent: what it can't run ends with the reason, and the others go on",
    limits,
    async () => {
      const chaos = await startChaos(gitChaos, { ttlMs, maxJobs: 1 });
      const disk = makeSmallDisk(chaos.path("disk"), 16);
      try {
        const runIds = await chaos.enqueue("run", 40, { seconds: 1 });
        for (const agent of ["east", "south", "west"]) chaos.start({ agent });
        const north = chaos.start({ agent: "north", state: chaos.path("disk/state") });
        await chaos.until("a run of the agent with the small disk", withinMs, async () =>
          (await north.log()).includes("start ended"),
        );
        disk.fill();
        await delay(6_000);
        disk.empty();
        await chaos.ended(runIds, withinMs);
        await chaos.leave();
        expect(await north.log()).toMatch(/no space left|ENOSPC/i);
        const { states, ...wrong } = await chaos.count(runIds);
        expect(wrong).toMatchObject(nothingWrong);
        expect(states["succeeded"]).toBeGreaterThanOrEqual(20);
        expect(Object.keys(states).every((state) => /^succeeded$|^failed \(/.test(state))).toBe(true);
      } finally {
        disk.remove();
        await chaos.end();
      }
    },
  );

  it.skipIf(missing !== undefined)(
    "of the store: nothing is lost, and all goes on when there is room",
    limits,
    async () => {
      let disk: SmallDisk | undefined;
      const chaos = await startChaos(
        (folder) => {
          disk = makeSmallDisk(join(folder, "served"), 24);
          return gitChaos(folder);
        },
        { ttlMs },
      );
      try {
        const long = await chaos.enqueue("long", 4, { seconds: 24 });
        const short = await chaos.enqueue("short", 36, { seconds: 0.3 });
        for (const agent of ["north", "east", "south", "west"]) chaos.start({ agent });
        await chaos.until("four runs at work", withinMs, async () => (await chaos.ledger.read()).size >= 4);
        disk?.fill();
        await delay(3 * ttlMs);
        disk?.empty();
        await chaos.ended([...long, ...short], withinMs);
        await chaos.leave();
        const count = await chaos.count([...long, ...short]);
        expect(count).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
      } finally {
        disk?.remove();
        await chaos.end();
      }
    },
  );
});
