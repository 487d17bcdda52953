import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stopAgents, type StoppedAgent } from "../../../src/agent/stop-agents.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation } from "../../../src/stores/location.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";
import { plantRefs } from "../../support/stores/plant.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

/* Beats of agents that say nothing more, as others of the same store see them. */

const longAgo = { ...beatOf("old", "a"), at: "2026-01-01T10:00:00.000Z" };
const signal = new AbortController().signal;
let folder: string;
let store: WholeStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "launch-stop-"));
  const location = fileStoreLocation(join(folder, "store.git"));
  store = await openStore(location, { log: silentLog, stateDirectory: stateDirectoryAt(folder) });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const stop = async (name: string): Promise<StoppedAgent | undefined> => {
  const services = { store, clock: systemClock, state: stateDirectoryAt(folder) };
  return (await stopAgents({ names: [name], level: "drain", waitMs: 0 }, services, signal))[0];
};
const listed = async (): Promise<readonly string[]> =>
  (await store.snapshot("all", signal)).agents.map(({ beat }) => beat.agent);

test("an agent that was silent for longer than its lease allows is forgotten when it doesn't answer", async () => {
  await store.beat(longAgo, undefined, signal);
  await store.beat({ ...beatOf("new", "a"), at: new Date().toISOString() }, undefined, signal);
  expect((await stop("old"))?.answer).toBe("gone");
  expect((await stop("new"))?.answer).toBe("silent");
  expect(await listed()).toEqual(["new"]);
});

test("while it holds runs it is kept, for those who take them over", async () => {
  await store.beat(longAgo, undefined, signal);
  await store.enqueue([queuedDocument("digits-1")], signal);
  const [entry] = (await store.snapshot("all", signal)).entries;
  const lease = { agent: "old", incarnation: "a", attempt: 1, since: "2026-11-23T10:01:00.000Z" };
  await store.claim({ entry: entry!, lease }, signal);
  expect(await stop("old")).toMatchObject({ answer: "gone-with-runs", runs: ["digits-1"] });
  expect(await listed()).toEqual(["old"]);
});

const whole = JSON.stringify(beatOf("bad", "a"));
const badBeats: Readonly<Record<string, string | undefined>> = {
  "no JSON": "{not json",
  empty: "",
  "a list": "[]",
  "of a newer launch": whole.replace('"schema_version":1', '"schema_version":9'),
  "another agent's": whole.replace('"bad"', '"good"'),
  "of an odd incarnation": whole.replace('"incarnation":"a"', '"incarnation":"../../x y"'),
  "of an empty incarnation": whole.replace('"incarnation":"a"', '"incarnation":""'),
  "without a file": undefined,
  "very long": `${whole.slice(0, -1)},"x":"${"x".repeat(3_000_000)}"}`,
};
const plant = (content: string | undefined): void =>
  plantRefs(
    join(folder, "store.git"),
    new Map([["a/bad", content === undefined ? {} : { "agent.json": Buffer.from(content) }]]),
  );
const unreadable = async (): Promise<readonly string[]> => [
  ...((await store.snapshot("all", signal)).unreadableBeats?.keys() ?? []),
];

test.each(Object.keys(badBeats))(
  "a beat that is %s is taken away by its agent's name, and no other is",
  async (how) => {
    await store.beat({ ...beatOf("good", "a"), at: new Date().toISOString() }, undefined, signal);
    plant(badBeats[how]);
    expect(await unreadable()).toEqual(["bad"]);
    expect(await stop("bad")).toMatchObject({ answer: "unread-gone", runs: [] });
    expect(await unreadable()).toEqual([]);
    expect(await listed()).toEqual(["good"]);
    await expect(stop("bad")).rejects.toMatchObject({ code: "not-found" });
  },
);

test("a beat that can't be read stays while runs are leased to its agent", async () => {
  await store.enqueue([queuedDocument("digits-1")], signal);
  const [entry] = (await store.snapshot("all", signal)).entries;
  const lease = { agent: "bad", incarnation: "a", attempt: 1, since: "2026-11-23T10:01:00.000Z" };
  await store.claim({ entry: entry!, lease }, signal);
  plant("{not json");
  expect(await stop("bad")).toMatchObject({ answer: "unread-with-runs", runs: ["digits-1"] });
  expect(await unreadable()).toEqual(["bad"]);
});

test("a beat that can't be read and changes is of an agent at work, and is left alone", async () => {
  await store.beat(beatOf("good", "a"), undefined, signal);
  plant("{not json");
  const sleeps: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (ms: number) => {
      sleeps.push(ms);
      plant(`{not json ${sleeps.length}`);
      return Promise.resolve();
    },
  };
  const services = { store, clock, state: stateDirectoryAt(folder) };
  const [answer] = await stopAgents({ names: ["bad"], level: "now", waitMs: 60_000 }, services, signal);
  expect(answer).toMatchObject({ answer: "unread-at-work" });
  expect(await unreadable()).toEqual(["bad"]);
});
