import { afterEach, beforeEach, expect, test } from "vitest";
import { cancelEntries } from "../../../src/queueing/cancel-runs.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { type AgentPlace, agentPlace } from "../../support/agent/agent.ts";
import { leaseOf } from "../../support/stores/queued-run.ts";

/* A run that somebody has cancelled is not begun again, whatever becomes of who had it. */

let place: AgentPlace;
beforeEach(async () => {
  place = await agentPlace();
});
afterEach(async () => {
  await place.remove();
});

const { signal } = new AbortController();

/** A run that an agent has which nobody will hear of again, and which somebody cancels. */
async function cancelledWith(agent: string) {
  await place.enqueue(["true"]);
  const [waiting] = await place.entries();
  const claim = await place.store.claim({ entry: waiting!, lease: leaseOf(agent) }, signal);
  if (claim.kind !== "won") throw new Error(claim.kind);
  const [leased] = await place.entries();
  const done = await cancelEntries(
    { entries: [leased!], why: "cancelled by ada" },
    { store: place.store, clock: systemClock },
    signal,
  );
  expect(done.map(({ result }) => result)).toEqual(["requested"]);
  return claim;
}

test("it has ended when its agent is gone", async () => {
  await cancelledWith("gone");
  await place.run({ lease: { ttlMs: 600, heartbeatMs: 150 } });
  expect(place.jobs()).toEqual([]);
  const [entry] = await place.entries();
  expect(entry).toMatchObject({ place: "ended", run: { state: "cancelled", reason: "cancelled", attempt: 1 } });
  const stored = await place.store.read(entry!.run.run_id, signal);
  expect(stored?.record["attempts"]).toMatchObject([{ attempt: 1, agent: "gone", reason: "lost" }]);
});

test("it ends without being begun when its agent gave it back", async () => {
  const { entry, document } = await cancelledWith("busy");
  expect((await place.store.release(entry, document, signal)).kind).toBe("written");
  const result = await place.run();
  expect(result.runs.map(({ end }) => end.kind)).toEqual(["cancelled"]);
  expect(place.jobs()).toEqual([]);
  expect(await place.entries()).toMatchObject([{ place: "ended", run: { state: "cancelled" } }]);
});
