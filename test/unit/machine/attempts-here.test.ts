import { existsSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { type StateDirectory, stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { readLog } from "../../../src/inspect/logs.ts";
import { showRun } from "../../../src/inspect/show.ts";
import { attemptsHere, noteStore } from "../../../src/machine/attempts-here.ts";
import { pruneRuns } from "../../../src/machine/prune-runs.ts";
import { makeRunFolders } from "../../../src/machine/run-folders.ts";
import { releaseLive } from "../../../src/machine/live-entry.ts";
import { nameOfAttempt, type RunKey } from "../../../src/run/handle.ts";
import type { RunHead } from "../../../src/run/head.ts";
import { runKeyOf } from "../../../src/run/names/identity.ts";
import { fileStoreLocation } from "../../../src/stores/location.ts";
import { openStore } from "../../../src/stores/index.ts";
import type { WholeStore } from "../../../src/stores/whole-store.ts";
import { runDocument, succeeded } from "../../support/stores/run-document.ts";

const { signal } = new AbortController();

describe("the attempts on this machine at runs of one id", () => {
  let folder: string;
  let state: StateDirectory;
  let one: WholeStore;
  let two: WholeStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "launch-attempts-"));
    state = stateDirectoryAt(join(folder, "state"));
    const open = (name: string): Promise<WholeStore> =>
      openStore(fileStoreLocation(join(folder, name)), { log: silentLog, stateDirectory: state });
    [one, two] = await Promise.all([open("one.git"), open("two.git")]);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  type Launched = {
    readonly store: WholeStore;
    readonly nonce: string;
    readonly attempt?: number;
    readonly at?: string;
  };
  const headOf = ({ nonce, attempt = 1, at = "2026-11-23T10:00:00.000Z" }: Launched): RunHead => ({
    ...runDocument("nightly", { ...succeeded, created_at: at }).run,
    attempt,
    nonce,
  });
  /** As an agent would: a queue's run may have several attempts here. */
  const launched = async (run: Launched): Promise<RunKey> => {
    const key = runKeyOf(headOf(run), "");
    await makeRunFolders(state, { key, store: run.store.location, queue: "gpu", head: headOf(run) });
    await releaseLive(state, key);
    await writeFile(state.logFile(nameOfAttempt(key)), `  ${run.nonce} ${key.attempt}\n`);
    return key;
  };
  const logOf = async (store: WholeStore): Promise<string> => {
    let text = "";
    const services = { store, state, clock: systemClock };
    for await (const chunk of (await readLog({ run: "nightly", follow: false }, services, signal)).chunks)
      text += chunk.text;
    return text;
  };
  const store = async (into: WholeStore, run: Launched): Promise<void> => {
    await into.create({ ...runDocument("nightly"), run: headOf(run) }, signal);
  };

  it("are told apart by the store that is asked, also one that has not heard of the run", async () => {
    await launched({ store: one, nonce: "a" });
    await launched({ store: two, nonce: "b" });
    expect([await logOf(one), await logOf(two)]).toEqual(["a 1\n", "b 1\n"]);
  });

  it("are the last first, of a run and of the runs that had its id", async () => {
    await launched({ store: one, nonce: "old", attempt: 3 });
    await launched({ store: one, nonce: "new", attempt: 1, at: "2026-11-24T10:00:00.000Z" });
    await launched({ store: one, nonce: "new", attempt: 2, at: "2026-11-24T10:00:00.000Z" });
    expect(await logOf(one)).toBe("new 2\n");
    const run = headOf({ store: one, nonce: "old" });
    const found = await attemptsHere(state, { runId: "nightly", store: one.location, run });
    expect(found.map(({ nonce, attempt }) => `${nonce ?? ""} ${attempt}`)).toEqual(["old 3"]);
  });

  it("are found where the store was renamed, by what it says of the run", async () => {
    const key = await launched({ store: one, nonce: "a" });
    await store(two, { store: two, nonce: "a" });
    expect(await logOf(two)).toBe("a 1\n");
    const shown = await showRun("nightly", { store: two, state }, signal);
    expect(shown.outputFolder).toBe(state.outputFolder(nameOfAttempt(key)));
  });

  it("are found in the store that keeps the run in the other's stead", async () => {
    const key = await launched({ store: one, nonce: "a" });
    await noteStore(state, key, two.location);
    expect([await logOf(one), await logOf(two)]).toEqual(["a 1\n", "a 1\n"]);
  });

  it("go with their own store's run, and with no other's that names their nonce", async () => {
    const mine = state.runFolder(nameOfAttempt(await launched({ store: one, nonce: "a" })));
    const others = state.runFolder(nameOfAttempt(await launched({ store: two, nonce: "b" })));
    await store(one, { store: one, nonce: "a" });
    await store(two, { store: two, nonce: "a" });
    const request = { olderThanMs: 0, keep: 0, dryRun: false };
    await pruneRuns(request, { store: two, state, clock: systemClock }, signal);
    expect([existsSync(mine), existsSync(others)]).toEqual([true, true]);
    await pruneRuns(request, { store: one, state, clock: systemClock }, signal);
    expect([existsSync(mine), existsSync(others)]).toEqual([false, true]);
  });

  it("are none where a note is damaged, missing, or of another folder", async () => {
    const name = nameOfAttempt(await launched({ store: one, nonce: "a" }));
    for (const text of ["", "{", "[]", '{"run_id": "nightly"}']) {
      writeFileSync(state.noteFile(name), text);
      expect(await attemptsHere(state, { runId: "nightly", store: one.location })).toEqual([]);
    }
    await mkdir(state.runFolder("launch-nightly-2-0123456789"));
    await mkdir(state.runFolder("nightly"));
    expect(await attemptsHere(state, { runId: "nightly", store: one.location })).toEqual([]);
  });

  it("are refused a second time without a queue, in one store and not in two", async () => {
    const direct = (store: WholeStore, nonce: string): Promise<void> => {
      const head = headOf({ store, nonce });
      return makeRunFolders(state, { key: runKeyOf(head, ""), store: store.location, head });
    };
    await direct(one, "a");
    await direct(two, "b");
    await expect(direct(one, "c")).rejects.toMatchObject({ code: "bad-spec" });
  });
});
