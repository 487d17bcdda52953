import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type AgentPlace, agentPlace, overlaps, until } from "../../support/agent/agent.ts";
import { isSoak } from "../../support/chaos/heavy.ts";
import { entryDamages } from "../../support/launch/damaged-entry.ts";
import { remainsOf } from "../../support/launch/remains.ts";

vi.setConfig({ testTimeout: 120_000 });

let place: AgentPlace;
let runIds: readonly string[];
beforeEach(async () => {
  place = await agentPlace();
  runIds = [];
});
afterEach(async () => {
  const left = runIds.flatMap((runId) => remainsOf(runId, []));
  await place.remove();
  expect(left).toEqual([]);
});

const lease = { ttlMs: 4_000, heartbeatMs: 500 };

const some = [
  "is empty",
  "was cut in its middle",
  "lacks its end",
  "is nested deep",
  "has 10 MB",
  "is a folder",
  "is a pipe",
];

/** The path of what an agent has noted here of a run that it had begun with when it was killed. */
async function entryOfKilledAgent(): Promise<string> {
  runIds = await place.enqueue(["sleep 1; exit 3"], { retry: { max_attempts: 3, on: ["lost"], backoff: "100ms" } });
  const { child } = await place.spawn({ lease });
  await until(() => place.jobs().some(({ what }) => what === "begin"));
  child.kill("SIGKILL");
  await until(() => child.signalCode !== null);
  const [path = ""] = globSync(join(place.state.live, "*.json"));
  return path;
}

test.each(entryDamages.filter(({ name }) => some.includes(name) || (isSoak && name !== "is of a newer version")))(
  "the run of a killed agent whose entry here $name goes on in its attempt, and no other begins beside it",
  async ({ of }) => {
    const path = await entryOfKilledAgent();
    of(path, readFileSync(path, "utf8"));
    const result = await place.run({ agent: "a2", lease });
    expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 failed"]);
    expect(place.jobs().filter(({ what }) => what === "begin")).toHaveLength(1);
    expect(place.lines.filter((line) => line.includes(path))).toHaveLength(1);
    expect(globSync(join(place.state.live, "*.json"))).toEqual([]);
  },
);

test("the run of an entry that a newer launch wrote is left to it until its lease is over", async () => {
  const path = await entryOfKilledAgent();
  entryDamages.find(({ name }) => name === "is of a newer version")?.of(path, readFileSync(path, "utf8"));
  await place.run({ agent: "a2", lease });
  expect(overlaps(place.jobs())).toEqual([]);
  expect(place.lines.filter((line) => line.includes(path))).toHaveLength(1);
});
