import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RefusedDocument } from "../../../src/stores/refused-document.ts";
import { type AgentPlace, agentPlace, processesOf, until } from "../../support/agent/agent.ts";

/* Whatever a store refuses of what an agent has to write: the run waits, or has ended, and the agent can be ended. */

vi.setConfig({ testTimeout: 180_000 });

let place: AgentPlace;
let runIds: readonly string[] = [];
beforeEach(async () => {
  place = await agentPlace();
});
afterEach(async () => {
  const left = await processesOf(runIds);
  await place.remove();
  expect(left).toEqual([]);
});

const begun = () => place.jobs().filter(({ what }) => what === "begin").length;
const states = async () => (await place.entries()).map(({ place: at, run }) => `${at} ${run.state} ${run.attempt}`);

/** A store that refuses these writes for what is in them. */
function refusing(refuses: (verb: string, text: string) => boolean) {
  return new Proxy(place.store, {
    get: (target, verb) => {
      const member: unknown = Reflect.get(target, verb);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        if (refuses(String(verb), JSON.stringify(args))) throw new RefusedDocument("the store keeps no such thing");
        return Reflect.apply(member, target, args);
      };
    },
  });
}

/** What a bare document says. */
const bare = "its store refused what the run has made";

test("a run that is given back, and whose document the store refuses, waits as it was asked, and is done by the next agent", async () => {
  runIds = await place.enqueue(['[ "$LAUNCH_ATTEMPT" = 2 ] || sleep 30'], { retry: { max_attempts: 3 } });
  const stop = new AbortController();
  const store = refusing((verb, text) => verb === "release" && !text.includes(bare));
  const first = place.run({ onSignal: "end" }, { store }, stop.signal);
  await until(() => begun() === 1);
  stop.abort();
  expect((await first).runs.map(({ end }) => end.kind)).toEqual(["given-back"]);
  expect(await states()).toEqual(["waiting queued 1"]);
  const stored = await place.store.read(runIds[0]!, new AbortController().signal);
  expect(JSON.stringify(stored?.record["warnings"])).toContain(bare);
  const result = await place.run({ agent: "a2" });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["2 succeeded"]);
});

test("a retry whose document the store refuses is made all the same, and no more of them than asked", async () => {
  runIds = await place.enqueue(["exit 3"], { retry: { max_attempts: 3, on: ["exit-code"], backoff: "10ms" } });
  const store = refusing((verb, text) => verb === "release" && !text.includes(bare));
  const result = await place.run({}, { store });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual([
    "1 retried",
    "2 retried",
    "3 failed",
  ]);
  expect(begun()).toBe(3);
  expect(await states()).toEqual(["ended failed 3"]);
});

test.each([
  ["the store refuses as it is waits bare, no attempt spent", bare, ["waiting 0", "waiting 0"]],
  ["the store refuses in any form has ended", "no document has this", ["ended 0", "waiting 0"]],
])("a run that is put back, and that %s", async (_, allowed, expected) => {
  runIds = await place.enqueue(["true", "true"]);
  const claiming = refusing((verb, text) => verb === "release" && !text.includes(allowed));
  const store = new Proxy(claiming, {
    get: (target, verb) => {
      const member: unknown = Reflect.get(target, verb);
      if (verb !== "claim" || typeof member !== "function") return member;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        const claimed: unknown = await Reflect.apply(member, target, args);
        rmSync(place.state.live, { recursive: true, force: true });
        writeFileSync(place.state.live, "");
        return claimed;
      };
    },
  });
  await expect(place.run({}, { store })).rejects.toThrow(place.state.live);
  const places = (await place.entries()).map(({ place: at, run }) => `${at} ${run.attempt}`);
  expect(places.sort()).toEqual(expected);
  rmSync(place.state.live);
});

test("a second signal ends an agent whose store takes no ends, and the next one brings them to the store", async () => {
  runIds = await place.enqueue(["true", "true"]);
  const { child, output } = await place.spawn({ maxJobs: 2, drain: false }, [
    "finish",
    "finishAndClaimNext",
    "release",
  ]);
  const closed = once(child, "close");
  // Their ends are known to the agent, and only the store doesn't hear of them.
  await until(() => output.join("").match(/^done ended/gm)?.length === 2);
  child.kill("SIGTERM");
  await until(() => output.join("").includes("no more runs are taken"));
  expect(child.exitCode).toBeNull();
  child.kill("SIGTERM");
  await closed;
  expect(child.signalCode).toBeNull();
  expect(output.join("")).toContain("the runs are being ended");
  const result = await place.run({ agent: "a2", maxJobs: 2 });
  expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(["1 succeeded", "1 succeeded"]);
  expect(begun()).toBe(2);
});

test.each([
  ["requeue", ["1 given-back", "2 succeeded"]],
  ["cancel", ["1 cancelled"]],
] as const)(
  "a run that the second signal ends (%s), and whose store doesn't hear of it, is no other end for the next agent",
  async (endedRuns, expected) => {
    runIds = await place.enqueue(['[ "$LAUNCH_ATTEMPT" = 2 ] || sleep 300'], { retry: { max_attempts: 3 } });
    const refused = ["finish", "finishAndClaimNext", "release"];
    const { child } = await place.spawn({ drain: false, endedRuns }, refused);
    const closed = once(child, "close");
    await until(() => begun() === 1);
    child.kill("SIGTERM");
    await until(async () => {
      child.kill("SIGTERM");
      return (await processesOf(runIds)).length === 0;
    });
    await closed;
    const result = await place.run({ agent: "a2" });
    expect(result.runs.map(({ attempt, end }) => `${attempt} ${end.kind}`)).toEqual(expected);
  },
);
