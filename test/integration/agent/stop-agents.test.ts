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
