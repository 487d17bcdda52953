import { afterEach, beforeEach, expect, test } from "vitest";
import { type AgentPlace, agentPlace } from "../../support/agent/agent.ts";
import { failureOf } from "../../support/failure.ts";

/* A queue with a limit of what may wait. */

let place: AgentPlace;
beforeEach(async () => {
  place = await agentPlace();
  const change = { name: "short", text: "limits: {waiting: 2}", expected: undefined, by: "ada" };
  await place.store.definitions?.write(change, new AbortController().signal);
});
afterEach(async () => {
  await place.remove();
});

const short = { queue: "short" };
const states = async () => (await place.entries()).map(({ run }) => run.state).sort();

test("takes no more than that, and of many none", async () => {
  await place.enqueue(["true"], short);
  const failure = await failureOf(place.enqueue(["true", "true"], short));
  expect(failure).toMatchObject({ code: "refused", message: expect.stringContaining("limits.waiting") as string });
  expect(await states()).toEqual(["queued"]);
});

test("has room for what replaces others", async () => {
  await place.enqueue(["true", "true"], short, { replace: "pr-1" });
  await place.enqueue(["true", "true"], short, { replace: "pr-1" });
  expect(await states()).toEqual(["cancelled", "cancelled", "queued", "queued"]);
});

test("refuses no step that is run again, wherever its runs are by now", async () => {
  const step = { idempotencyKey: "step-1" };
  const first = await place.enqueue(["true", "true"], short, step);
  expect(await place.enqueue(["true", "true"], short, step)).toEqual(first);
  await place.run({ queues: ["short"] });
  const others = await place.enqueue(["true", "true"], short);
  expect(await place.enqueue(["true", "true"], short, step)).toEqual(first);
  await place.store.fold("short", 0, new AbortController().signal);
  expect(await place.enqueue(["true", "true"], short, step)).toEqual(first);
  expect((await place.entries()).map(({ run }) => run.run_id).sort()).toEqual([...others].sort());
});
