import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimRequest } from "../../../src/stores/queue-store.ts";
import { type AgentPlace, agentPlace } from "../../support/agent/agent.ts";
import { failureOf } from "../../support/failure.ts";

let place: AgentPlace;
beforeEach(async () => {
  place = await agentPlace();
});
afterEach(async () => {
  await place.remove();
});

const placesAndAttempts = async (): Promise<unknown> =>
  (await place.entries()).map(({ place: at, run }) => `${at} ${run.attempt}`);

test.each(["runs", "live", "scratch"] as const)(
  "an agent whose %s can't be written any more ends, and what it took waits for another, no attempt spent",
  async (folder) => {
    await place.enqueue(["true", "true", "true"]);
    const store = {
      ...place.store,
      claim: async (request: ClaimRequest, signal: AbortSignal) => {
        const claimed = await place.store.claim(request, signal);
        rmSync(place.state[folder], { recursive: true, force: true });
        writeFileSync(place.state[folder], "");
        return claimed;
      },
    };
    const { code, message } = await failureOf(place.run({}, { store }));
    expect({ code, message }).toEqual({
      code: "machine-failed",
      message: expect.stringContaining(place.state[folder]) as unknown,
    });
    expect(await placesAndAttempts()).toEqual(["waiting 0", "waiting 0", "waiting 0"]);

    rmSync(place.state[folder]);
    // Under another name: how soon the first one is gone from the store is not asked here.
    await place.run({ agent: "a2" });
    expect(await placesAndAttempts()).toEqual(["ended 1", "ended 1", "ended 1"]);
  },
);
