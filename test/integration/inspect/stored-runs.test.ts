import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import type { LogChunk } from "../../../src/machine/log-file.ts";
import { type StateDirectory, stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { listRuns } from "../../../src/inspect/list.ts";
import { readLog } from "../../../src/inspect/logs.ts";
import { pruneRuns } from "../../../src/machine/prune-runs.ts";
import { registerLive, releaseLive } from "../../../src/machine/live-entry.ts";
import { showRun } from "../../../src/inspect/show.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation } from "../../../src/stores/location.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import type { RunHead } from "../../../src/run/head.ts";
import type { Store } from "../../../src/stores/store.ts";
import { failureOf } from "../../support/failure.ts";
import {
  ciRun,
  farLauncher,
  queuedDocument,
  recordFor,
  runDocument,
  succeeded,
} from "../../support/stores/run-document.ts";
import { noteAttempt } from "../../../src/machine/attempts-here.ts";
import { attemptKey, attemptName } from "../../support/launch/attempt.ts";

describe("stored runs", () => {
  let state: StateDirectory;
  let store: Store;
  const signal = AbortSignal.timeout(60_000);
  const clock: Clock = { ...systemClock, now: () => new Date("2026-11-24T00:00:00.000Z") };

  beforeEach(async () => {
    state = stateDirectoryAt(await mkdtemp(join(tmpdir(), "stored runs ")));
    store = await openStore(fileStoreLocation(state.store), { log: silentLog, stateDirectory: state });
  });
  afterEach(() => rm(state.path, { recursive: true, force: true }));

  const add = async (runId: string, head: Partial<RunHead> = {}, parts: Partial<RunDocument> = {}): Promise<string> => {
    const result = await store.create(runDocument(runId, head, parts), signal);
    if (result.kind !== "written") throw new Error(result.kind);
    return result.version;
  };
  const note = async (runId: string): Promise<void> => {
    await mkdir(state.outputFolder(attemptName(runId)), { recursive: true });
    const { created_at: createdAt } = runDocument(runId).run;
    const stores = [store.location];
    await noteAttempt(state, { key: attemptKey(runId), nonce: undefined, createdAt, stores });
  };
  const addLog = async (runId: string, text: string): Promise<void> => {
    await note(runId);
    await writeFile(state.logFile(attemptName(runId)), text);
  };
  const live = async (runId: string): Promise<void> => {
    await note(runId);
    const { run: head } = runDocument(runId);
    await registerLive(state, { key: attemptKey(runId), store: store.location, head });
  };
  const collect = async (chunks: AsyncIterable<LogChunk> | Iterable<LogChunk>): Promise<string> => {
    let text = "";
    for await (const chunk of chunks) text += `${chunk.stream}: ${chunk.text}`;
    return text;
  };

  describe("listed", () => {
    it("can be chosen by their state", async () => {
      await add("a", { ...succeeded, created_at: "2026-11-23T01:00:00.000Z" });
      await add("b", { created_at: "2026-11-23T02:00:00.000Z" });
      await add("c", { ...succeeded, created_at: "2026-11-23T03:00:00.000Z" });
      const ids = async (request: Parameters<typeof listRuns>[0]): Promise<readonly string[]> =>
        (await listRuns(request, store, signal)).map((item) => (item.kind === "run" ? item.run.run_id : "?"));
      expect(await ids({ limit: 2 })).toEqual(["c", "b"]);
      expect(await ids({ limit: 5, states: ["succeeded"] })).toEqual(["c", "a"]);
    });
  });

  describe("shown", () => {
    const first = "digits-01jd8x4m2qabc";
    const second = "digits-01jd8x9zzzabc";

    beforeEach(async () => {
      await add(first, succeeded);
      await add(second);
    });

    it("are found by their id or by the start that only one has", async () => {
      await addLog(second, "  hello\n");
      const services = { store, state };
      expect(await showRun(first, services, signal)).toMatchObject({ live: false, logFile: undefined });
      const shown = await showRun("digits-01jd8x9", services, signal);
      expect(shown.stored.run.run_id).toBe(second);
      expect(shown).toMatchObject({
        logFile: state.logFile(attemptName(second)),
        outputFolder: state.outputFolder(attemptName(second)),
      });
    });

    it.each([
      ["digits-01jd8x", "bad-usage", second],
      ["digits-01jd8x4m2qabd", "not-found", first],
      ["digit", "bad-usage", first],
      ["digist", "not-found", "did you mean"],
      ["other", "not-found", "launch list"],
      ["../digits", "not-found", "did you mean"],
      ["", "not-found", "launch list"],
    ])("by %j are refused as %s, with what would have been right", async (wanted, code, hint) => {
      const failure = await failureOf(showRun(wanted, { store, state }, signal));
      expect(failure.code).toBe(code);
      expect(failure.message).toContain(hint);
    });
  });

  describe("logs", () => {
    const services = (): Parameters<typeof readLog>[1] => ({ store, state, clock: systemClock });

    it("are read whole on the machine of the run", async () => {
      await add("digits-1", succeeded, { tail: "  end\n" });
      await addLog("digits-1", "  start\n! oh\n  end\n");
      const output = await readLog({ run: "digits", follow: false }, services(), signal);
      expect(output.origin).toEqual({ kind: "file", path: state.logFile(attemptName("digits-1")), live: false });
      expect(await collect(output.chunks)).toBe("stdout: start\nstderr: oh\nstdout: end\n");
    });

    it("are their end elsewhere, with the place of the whole", async () => {
      await add("digits-1", succeeded, {
        tail: "  end\n! oh\n",
        record: recordFor("digits-1", succeeded, {
          log: { file: "/there/log.txt", lines: 2, bytes: 8, complete: true },
          launcher: farLauncher,
        }),
      });
      const ofJob = recordFor("digits-2", succeeded, { ci: ciRun("https://ci.example/job/7") });
      await add("digits-2", succeeded, { record: ofJob });
      const output = await readLog({ run: "digits-1", follow: true }, services(), signal);
      expect(output.origin).toMatchObject({ kind: "tail", whole: "/there/log.txt on far" });
      expect(await collect(output.chunks)).toBe("stdout: end\nstderr: oh\n");
      const other = await readLog({ run: "digits-2", follow: false }, services(), signal);
      expect(other.origin).toMatchObject({ whole: "https://ci.example/job/7" });
    });

    it("of a queue's run are in the job of its agent, not in that of who enqueued it", async () => {
      const queued = queuedDocument("digits-1").run.queued;
      const given = {
        ci: ciRun("https://ci.example/submitter"),
        launcher: { ...farLauncher, job: "https://ci.example/agent" },
      };
      const head = queued === undefined ? {} : { queued };
      await add("digits-1", { ...succeeded, ...head, attempt: 1 }, { record: recordFor("digits-1", succeeded, given) });
      const { origin } = await readLog({ run: "digits-1", follow: false }, services(), signal);
      expect(origin).toMatchObject({ whole: "https://ci.example/agent" });
      await add(
        "digits-2",
        { ...head, state: "queued", attempt: 0 },
        { record: recordFor("digits-2", { state: "queued", attempt: 0 }, given) },
      );
      const waiting = await readLog({ run: "digits-2", follow: false }, services(), signal);
      expect(waiting.origin).toMatchObject({ whole: undefined });
    });

    it("of an earlier attempt here are not taken for those of the last one, which another machine had", async () => {
      const queued = queuedDocument("digits-1").run.queued;
      const head = queued === undefined ? {} : { queued };
      await add(
        "digits-1",
        { ...succeeded, ...head, attempt: 2 },
        {
          tail: "  second\n",
          record: recordFor("digits-1", { ...succeeded, attempt: 2 }, { launcher: farLauncher }),
        },
      );
      await addLog("digits-1", "  first\n");
      const output = await readLog({ run: "digits-1", follow: false }, services(), signal);
      expect(await collect(output.chunks)).toBe("stdout: second\n");
    });

    it("are followed to the launcher's end, though no store has heard of the run", async () => {
      await live("digits-1");
      const output = await readLog({ run: "digits-1", follow: true }, services(), signal);
      expect(output.origin).toMatchObject({ kind: "file", live: true });
      const all = collect(output.chunks);
      await addLog("digits-1", "  one\n");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await writeFile(state.logFile(attemptName("digits-1")), "! two\n", { flag: "a" });
      await releaseLive(state, attemptKey("digits-1"));
      expect(await all).toBe("stdout: one\nstderr: two\n");
    });

    it("are no longer followed when the reader has enough", async () => {
      await live("digits-1");
      const stop = new AbortController();
      const output = await readLog({ run: "digits-1", follow: true }, services(), stop.signal);
      setTimeout(() => stop.abort(), 100);
      await expect(collect(output.chunks)).rejects.toThrow();
    });
  });

  describe("pruned", () => {
    const services = (): Parameters<typeof pruneRuns>[1] => ({ store, state, clock });
    const day = 86_400_000;
    const ended = (finished_at: string): Partial<RunHead> => ({ ...succeeded, created_at: finished_at, finished_at });
    const remaining = async (): Promise<readonly string[]> =>
      (await store.list(100, signal)).map((item) => (item.kind === "run" ? item.run.run_id : item.runId));

    beforeEach(async () => {
      await add("old", ended("2026-10-01T00:00:00.000Z"));
      await add("older", { ...ended("2026-09-01T00:00:00.000Z"), state: "failed", reason: "exit-code" });
      await add("new", ended("2026-11-23T23:00:00.000Z"));
      await add("running", { created_at: "2026-08-01T00:00:00.000Z" });
    });

    it("lose those that ended long ago, with their files, and no other", async () => {
      for (const runId of ["old", "new", "running"]) await addLog(runId, "  x\n");
      const pruned = await pruneRuns({ olderThanMs: 30 * day, keep: 0, dryRun: false }, services(), signal);
      expect(pruned.removed.map((run) => run.run_id)).toEqual(["old", "older"]);
      expect(pruned.changed).toEqual([]);
      expect(pruned.kept).toMatchObject([{ run: { run_id: "new" } }, { run: { run_id: "running" } }]);
      expect(await remaining()).toEqual(["new", "running"]);
      expect(existsSync(state.runFolder(attemptName("old")))).toBe(false);
      expect(await readFile(state.logFile(attemptName("new")), "utf8")).toBe("  x\n");
      expect(existsSync(state.logFile(attemptName("running")))).toBe(true);
    });

    it("keep the newest finished ones, however old", async () => {
      const pruned = await pruneRuns({ olderThanMs: 0, keep: 2, dryRun: false }, services(), signal);
      expect(pruned.removed.map((run) => run.run_id)).toEqual(["older"]);
    });

    it("are only named in a dry run", async () => {
      await addLog("old", "  x\n");
      const pruned = await pruneRuns({ olderThanMs: day, keep: 0, dryRun: true }, services(), signal);
      expect(pruned.removed.map((run) => run.run_id)).toEqual(["old", "older"]);
      expect(await remaining()).toHaveLength(4);
      expect(existsSync(state.logFile(attemptName("old")))).toBe(true);
    });

    it("keep a run that is changed between the look and the removal", async () => {
      await addLog("old", "  x\n");
      const changing: Store = {
        ...store,
        remove: async (runs, abort) => {
          const old = await store.read("old", abort);
          await store.update(runDocument("old", { attempt: 2 }), old!.version, abort);
          return store.remove(runs, abort);
        },
      };
      const request = { olderThanMs: day, keep: 0, dryRun: false };
      const pruned = await pruneRuns(request, { ...services(), store: changing }, signal);
      expect(pruned.changed).toEqual(["old"]);
      expect(pruned.removed.map((run) => run.run_id)).toEqual(["older"]);
      expect(existsSync(state.logFile(attemptName("old")))).toBe(true);
    });

    it("keep a run whose launcher is still at work", async () => {
      await live("old");
      const pruned = await pruneRuns({ olderThanMs: day, keep: 0, dryRun: false }, services(), signal);
      expect(pruned.removed.map((run) => run.run_id)).toEqual(["older"]);
    });
  });
});
