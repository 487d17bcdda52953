import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AgentPlace, agentPlace } from "../../support/agent/agent.ts";
import { agentStores } from "../../support/agent/agent-stores.ts";
import { cancelled, doneOf } from "../../../src/run/transitions.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";
import { failureOf } from "../../support/failure.ts";

/* A queue with a limit of what may wait. */

describe.each(Object.entries(agentStores))("a full queue in %s", (_name, open) => {
  let place: AgentPlace;
  beforeEach(async () => {
    place = await agentPlace(await open());
    const change = { name: "short", text: "limits: {waiting: 2}", maxWaiting: 2, expected: undefined, by: "ada" };
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

  test.each([
    { old: 2, added: 1, left: 1 },
    { old: 2, added: 2, left: 2 },
    { old: 1, added: 2, left: 2 },
  ])("never has more than that: $added in the place of $old", async ({ old, added, left }) => {
    const many = (count: number): readonly string[] => Array.from({ length: count }, () => "true");
    const first = await place.enqueue(many(old), short, { replace: "pr-1" });
    await place.enqueue(many(added), short, { replace: "pr-1" });
    const entries = await place.entries();
    expect(entries.filter((entry) => entry.place === "waiting")).toHaveLength(left);
    for (const runId of first) {
      const stored = await place.store.read(runId, new AbortController().signal);
      expect(stored).toMatchObject({ run: { state: "cancelled" }, record: { state: "cancelled" } });
      expect(stored?.run.message).toMatch(/^replaced by /);
    }
    // As many more have no room, also of the same key, where the store itself is asked.
    if (place.store.enqueueReplacing === undefined) return;
    const asked = Array.from({ length: 2 }, (_, at) =>
      queuedDocument(`by-hand-${at}`, { queue: "short", replace: "pr-1" }),
    );
    expect(await failureOf(place.store.enqueue(asked, new AbortController().signal))).toMatchObject({
      code: "refused",
    });
    expect((await place.entries()).filter((entry) => entry.place === "waiting")).toHaveLength(left);
  });

  test("cancels nothing for what is refused, or is there already", async () => {
    const step = { replace: "pr-1", idempotencyKey: "step-1" };
    const [runId = ""] = await place.enqueue(["true"], short, step);
    await place.enqueue(["true"], short, step);
    expect(await failureOf(place.enqueue(["true", "true", "true"], short, { replace: "pr-1" }))).toMatchObject({
      code: "refused",
    });
    const waiting = (await place.entries()).filter((entry) => entry.place === "waiting");
    expect(waiting.map(({ run }) => run.run_id)).toEqual([runId]);
    const [entry] = waiting;
    const { signal } = new AbortController();
    const document = entry === undefined ? undefined : await place.store.load(entry, signal);
    if (entry === undefined || document === undefined || place.store.enqueueReplacing === undefined) return;
    const old = [{ entry, document: doneOf(cancelled(document, "replaced", new Date())) }];
    const runs = Array.from({ length: 3 }, (_, at) => queuedDocument(`by-hand-${at}`, { queue: "short" }));
    expect(await failureOf(place.store.enqueueReplacing({ runs, old }, signal))).toMatchObject({ code: "refused" });
    expect(await place.store.enqueueReplacing({ runs: [document], old }, signal)).toMatchObject({ cancelled: [] });
    expect((await place.entries()).map(({ run }) => [run.run_id, run.state])).toEqual([[runId, "queued"]]);
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
});
