import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { formatKey } from "../../src/queues/key.ts";
import { type Chaos, startChaos } from "../support/chaos/chaos.ts";
import { nothingWrong } from "../support/chaos/chaos-count.ts";
import { chaosEngines, describeHeavy } from "../support/chaos/heavy.ts";
import { queuedDocument } from "../support/stores/run-document.ts";

/** Nothing here waits for a lease to be over: on a busy machine an agent may get no turn for seconds. */
const ttlMs = 12_000;
const withinMs = 300_000;
const limits = { timeout: 600_000 };

function startFour(chaos: Chaos, queues = ["default"], maxJobs = 2): void {
  for (const agent of ["north", "east", "south", "west"]) chaos.start({ agent, queues, maxJobs });
}

async function define(chaos: Chaos, text: string | undefined): Promise<void> {
  const { definitions } = chaos.store;
  const signal = AbortSignal.timeout(30_000);
  const before = await definitions?.read("gpu", signal);
  const written = await definitions?.write({ name: "gpu", text, expected: before?.version, by: "ada" }, signal);
  expect(written).toMatchObject({ kind: "written" });
}

const tightened: unknown = expect.stringMatching(/30 min.*10 min/);

function head(runId: string, schemaVersion: number): string {
  const { run } = queuedDocument(runId, { queue: "default", priority: 0 });
  return JSON.stringify({ ...run, schema_version: schemaVersion });
}

describeHeavy("a queue in trouble", () => {
  it.each(chaosEngines)(
    "what nobody can read is left alone, and the rest goes on (%s)",
    limits,
    async (_name, make) => {
      const chaos = await startChaos(make, { ttlMs });
      try {
        const runIds = await chaos.enqueue("run", 40, { seconds: 0.2 });
        const key = (runId: string): string => formatKey({ priority: 0, time: 1, runId });
        await chaos.engine.plant(key("newer"), head("newer", 2));
        await chaos.engine.plant(key("damaged"), "{ not JSON");
        const { directory } = chaos.engine;
        const foreign = ["refs/launch/v1/q/default/p/mine", "refs/launch/v1/q/default/notes/x", "refs/launch/v1/other"];
        if (directory !== undefined) {
          const git = (...args: readonly string[]): string =>
            execFileSync("git", ["--git-dir", directory, ...args], { encoding: "utf8" }).trim();
          const some = git("for-each-ref", "--count=1", "--format=%(objectname)", "refs/launch/v1/q/default/p");
          for (const name of foreign) git("update-ref", name, some);
        }
        startFour(chaos);
        await chaos.ended(runIds, withinMs);
        await chaos.leave();
        expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
        const { unreadable } = await chaos.snapshot();
        const keys = unreadable.map((entry) => entry.key);
        expect(keys).toEqual(expect.arrayContaining([key("newer"), key("damaged")]));
        expect(unreadable.every(({ why }) => why !== "")).toBe(true);
        if (directory === undefined) return;
        const names = execFileSync("git", ["--git-dir", directory, "for-each-ref", "--format=%(refname)"], {
          encoding: "utf8",
        });
        expect(names.split("\n")).toEqual(expect.arrayContaining(foreign));
      } finally {
        await chaos.end();
      }
    },
  );

  it.each(chaosEngines)("a definition that is tightened holds for who waits (%s)", limits, async (_name, make) => {
    const chaos = await startChaos(make, { ttlMs });
    try {
      await define(chaos, "resource: local-process\nlimits: {timeout: {max: 1h}}\n");
      const long = await chaos.enqueue("long", 20, { queue: "gpu", spec: { timeout: "30 min" } });
      const short = await chaos.enqueue("short", 20, { queue: "gpu", spec: { timeout: "5 min" } });
      await define(chaos, "resource: local-process\nlimits: {timeout: {max: 10 min}}\n");
      startFour(chaos, ["gpu"]);
      await chaos.ended([...long, ...short], withinMs);
      await chaos.leave();
      const count = await chaos.count([...long, ...short]);
      expect(count).toMatchObject({ ...nothingWrong, states: { succeeded: 20, "failed (refused)": 20 }, retried: 0 });
      const { entries } = await chaos.snapshot();
      const refused = entries.filter(({ run }) => long.includes(run.run_id));
      expect(refused).toHaveLength(20);
      for (const { run } of refused) expect(run).toMatchObject({ reason: "refused", message: tightened });
      const ledger = await chaos.ledger.read();
      expect(long.filter((runId) => ledger.has(runId))).toEqual([]);
    } finally {
      await chaos.end();
    }
  });

  it.each(chaosEngines)(
    "one that is deleted lets what runs go on, and the rest wait (%s)",
    limits,
    async (_name, make) => {
      const chaos = await startChaos(make, { ttlMs });
      try {
        const definition = "resource: local-process\n";
        await define(chaos, definition);
        const runIds = await chaos.enqueue("run", 40, { queue: "gpu", seconds: 2 });
        startFour(chaos, ["gpu"], 1);
        await chaos.until("four runs at work", withinMs, async () => (await chaos.ledger.read()).size >= 4);
        await define(chaos, undefined);
        // Before it knows, an agent takes the next: nothing at work for a moment would say nothing.
        await chaos.until("all agents know", withinMs, async () => {
          const logs = await Promise.all(chaos.agents.map((agent) => agent.log()));
          return logs.every((log) => log.includes('there is no queue "gpu" any more'));
        });
        await chaos.until("nothing at work", withinMs, async () => {
          const { entries } = await chaos.snapshot();
          return entries.every(({ place }) => place !== "leased");
        });
        const { entries } = await chaos.snapshot();
        const begun = await chaos.ledger.read();
        const waiting = entries.filter(({ place }) => place === "waiting").map(({ run }) => run.run_id);
        expect(waiting.length).toBeGreaterThan(0);
        expect(waiting.filter((runId) => begun.has(runId))).toEqual([]);
        await delay(3_000);
        expect((await chaos.ledger.read()).size).toBe(begun.size);
        await define(chaos, definition);
        await chaos.ended(runIds, withinMs);
        await chaos.leave();
        expect(await chaos.count(runIds)).toMatchObject({ ...nothingWrong, states: { succeeded: 40 }, retried: 0 });
      } finally {
        await chaos.end();
      }
    },
  );
});
