import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { findMarkedProcesses } from "../../../src/core/process-identity.ts";
import { type StateDirectory, stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { registerLive, releaseLive } from "../../../src/machine/live-entry.ts";
import { readRecord } from "../../../src/run/read-record.ts";
import { sweepRemains, type SweepServices } from "../../../src/machine/sweep.ts";
import { ownResources } from "../../../src/resources/index.ts";
import type { Resource } from "../../../src/resources/resource.ts";
import { openStore } from "../../../src/stores/index.ts";
import { fileStoreLocation, parseStoreUrl } from "../../../src/stores/location.ts";
import type { Store } from "../../../src/stores/store.ts";
import { runDocument, succeeded } from "../../support/stores/run-document.ts";
import { attemptKey, attemptName } from "../../support/launch/attempt.ts";
import { entryDamages } from "../../support/launch/damaged-entry.ts";

const src = join(process.cwd(), "src");

/** A launcher as far as this is about one: it registers, writes the run, submits a process that would run for minutes, and waits. */
const launcher = `
  import { mkdir, writeFile } from "node:fs/promises";
  import { silentLog } from ${JSON.stringify(join(src, "core/output/log.ts"))};
  import { stateDirectoryAt } from ${JSON.stringify(join(src, "core/state-directory.ts"))};
  import { registerLive, updateLive } from ${JSON.stringify(join(src, "machine/live-entry.ts"))};
  import { noteAttempt } from ${JSON.stringify(join(src, "machine/attempts-here.ts"))};
  import { ownResources } from ${JSON.stringify(join(src, "resources/index.ts"))};
  import { openStore } from ${JSON.stringify(join(src, "stores/index.ts"))};
  import { parseStoreUrl } from ${JSON.stringify(join(src, "stores/location.ts"))};
  import { runDocument } from ${JSON.stringify(join(process.cwd(), "test/support/stores/run-document.ts"))};
  import { attemptKey, attemptName } from ${JSON.stringify(join(process.cwd(), "test/support/launch/attempt.ts"))};
  const [, path, storeUrl, runId, submits] = process.argv;
  const signal = AbortSignal.timeout(20_000);
  const state = stateDirectoryAt(path);
  const [key, name] = [attemptKey(runId), attemptName(runId)];
  const scratch = state.scratchFolder(name);
  await registerLive(state, { key, store: storeUrl, head: runDocument(runId).run });
  await mkdir(state.runFolder(name), { recursive: true });
  await noteAttempt(state, { key, createdAt: runDocument(runId).run.created_at, stores: [storeUrl] });
  if (submits === "killed before the store") console.log("ready");
  if (submits === "killed before the store") await new Promise(() => setInterval(() => undefined, 1_000));
  await mkdir(scratch + "/source", { recursive: true });
  await mkdir(state.outputFolder(name), { recursive: true });
  await writeFile(state.logFile(name), "  epoch 1\\n! warn");
  const store = await openStore(parseStoreUrl(storeUrl), { log: silentLog, stateDirectory: state });
  await store.create(runDocument(runId, {}, { patch: Buffer.from("patch") }), signal);
  if (submits === "yes") {
    const context = { log: silentLog, cacheDirectory: state.cache, environment: process.env, cloudEnvironment: { cloud: undefined }, mounts: [], networks: [] };
    const resource = await ownResources(context).open("local-process", {}, context);
    const request = {
      ...key, name: "digits", image: undefined, sourceDirectory: scratch + "/source", workingDirectory: "",
      command: ["sleep", "300"], args: [], env: {}, secrets: {}, labels: {},
      outputDirectory: state.outputFolder(name),
    };
    const handle = resource.handleFor(request);
    await updateLive(state, key, { handle });
    await resource.submit(request, { handle, waits: () => undefined }, signal);
  }
  console.log("ready");
  setInterval(() => undefined, 1_000);`;

describe("what a killed launcher left", () => {
  let state: StateDirectory;
  let store: Store;
  let services: SweepServices;
  const signal = AbortSignal.timeout(600_000);
  const runId = "digits-1";

  beforeEach(async () => {
    state = stateDirectoryAt(await mkdtemp(join(tmpdir(), "remains ")));
    const open = (url: string): Promise<Store> =>
      openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: state });
    store = await open(fileStoreLocation(state.store).url);
    const context = {
      log: silentLog,
      cacheDirectory: state.cache,
      environment: process.env,
      cloudEnvironment: { cloud: undefined },
      mounts: [],
      networks: [],
    };
    services = {
      state,
      log: silentLog,
      clock: systemClock,
      openResource: (): Promise<Resource> => ownResources(context).open("local-process", {}, context),
      openStore: open,
      openOwnStore: () => Promise.resolve(store),
    };
  });
  afterEach(() => rm(state.path, { recursive: true, force: true }));

  const launchAndKill = async (
    submits: "yes" | "no" | "killed before the store",
    storeUrl = store.location,
  ): Promise<void> => {
    const args = ["--input-type=module", "--eval", launcher, state.path, storeUrl, runId, submits];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
  };
  const processes = (): Promise<readonly unknown[]> => findMarkedProcesses({ LAUNCH_RUN_ID: runId });

  it("is ended and removed, and its run ends as lost with the end of its log", async () => {
    await launchAndKill("yes");
    if (process.platform === "linux") expect(await processes()).toHaveLength(1);

    expect(await sweepRemains("lost", services, signal)).toEqual([{ kind: "swept", runId }]);
    expect(await processes()).toEqual([]);
    expect(existsSync(state.scratchFolder(attemptName(runId)))).toBe(false);
    expect(existsSync(state.liveFile(attemptName(runId)))).toBe(false);
    const read = await store.read(runId, signal);
    expect(read?.run).toMatchObject({ state: "failed", reason: "lost" });
    expect(read?.record).toMatchObject({ state: "failed", reason: "lost", finished_at: read?.run.finished_at });
    expect(read?.tail).toBe("  epoch 1\n! warn\n");
    expect(read?.patch?.toString()).toBe("patch");
    expect(await sweepRemains("lost", services, signal)).toEqual([]);
  });

  it("ends as cancelled when that is why it was killed", async () => {
    await launchAndKill("no");
    await sweepRemains("cancelled", services, signal);
    expect((await store.read(runId, signal))?.run).toMatchObject({ state: "cancelled", reason: "cancelled" });
  });

  it("is found in the store of this machine when its own store had refused it", async () => {
    await launchAndKill("no");
    const elsewhere = fileStoreLocation(join(state.path, "elsewhere.git")).url;
    const entry = await readFile(state.liveFile(attemptName(runId)), "utf8");
    await writeFile(state.liveFile(attemptName(runId)), entry.replace(store.location, elsewhere));
    await sweepRemains("lost", services, signal);
    expect((await store.read(runId, signal))?.run.reason).toBe("lost");
  });

  it("is recorded on this machine when no store had heard of the run", async () => {
    await launchAndKill("killed before the store");
    expect(await store.read(runId, signal)).toBeUndefined();
    expect(await sweepRemains("cancelled", services, signal)).toEqual([{ kind: "swept", runId }]);
    const stored = await store.read(runId, signal);
    expect(stored?.run).toMatchObject({ state: "cancelled", reason: "cancelled", name: "digits" });
    expect(readRecord(stored!)).toMatchObject({ run_id: runId, state: "cancelled", name: "digits" });
  });

  it("leaves a run that had ended as it ended", async () => {
    await launchAndKill("no");
    const { version } = (await store.read(runId, signal))!;
    await store.update(runDocument(runId, succeeded), version, signal);
    expect(await sweepRemains("lost", services, signal)).toEqual([{ kind: "swept", runId }]);
    expect((await store.read(runId, signal))?.run.state).toBe("succeeded");
  });

  it("stays written down while it can't be ended, and is tried again", async () => {
    await launchAndKill("yes");
    const broken = { ...services, openResource: () => Promise.reject(new Error("no engine answers")) };
    const swept = await sweepRemains("lost", broken, signal);
    expect(swept).toEqual([{ kind: "incomplete", runId, message: "no engine answers" }]);
    expect(await sweepRemains("lost", services, signal)).toEqual([{ kind: "swept", runId }]);
    expect(await processes()).toEqual([]);
  });

  it("is not touched while its launcher is at work, or when it is of another host", async () => {
    const scratch = state.scratchFolder(attemptName(runId));
    await registerLive(state, { key: attemptKey(runId), store: store.location, head: runDocument(runId).run });
    await mkdir(scratch, { recursive: true });
    expect(await sweepRemains("lost", services, signal)).toEqual([]);

    const entry = await readFile(state.liveFile(attemptName(runId)), "utf8");
    const foreign = entry.replace(/"host": ".*"/, '"host": "far"').replace(/"pid": \d+/, '"pid": 1');
    await writeFile(state.liveFile(attemptName(runId)), foreign);
    expect(await sweepRemains("lost", services, signal)).toEqual([]);
    await writeFile(state.liveFile(attemptName(runId)), entry.replace('"schema_version": 1', '"schema_version": 2'));
    expect(await sweepRemains("lost", services, signal)).toMatchObject([{ kind: "unreadable", runId }]);
    await writeFile(state.liveFile(attemptName(runId)), entry.slice(0, -10));
    expect(await sweepRemains("lost", services, signal)).toMatchObject([{ kind: "unreadable", runId }]);
    expect(existsSync(scratch)).toBe(true);
    await releaseLive(state, attemptKey(runId));
    expect(existsSync(state.liveFile(attemptName(runId)))).toBe(false);
  });

  it("is of the attempt that its name says, whatever an entry says", async () => {
    await launchAndKill("no");
    const entry = await readFile(state.liveFile(attemptName(runId)), "utf8");
    const precious = state.scratchFolder(attemptName("precious"));
    await mkdir(precious);
    const { identity } = attemptKey("precious");
    for (const [from, to] of [
      [`"run_id": "${runId}"`, '"run_id": "precious"'],
      [/"identity": ".*"/, `"identity": "${identity}"`],
      [/"attempt": 1/, '"attempt": 2'],
    ] as const) {
      await writeFile(state.liveFile(attemptName(runId)), entry.replace(from, to));
      expect(await sweepRemains("lost", services, signal)).toMatchObject([{ kind: "unreadable", runId }]);
    }
    expect(existsSync(precious)).toBe(true);
  });

  it.each(entryDamages)(
    "is ended where its entry $name and its launcher is known to be gone, else it is left, and told",
    async ({ of, tells }) => {
      await launchAndKill("yes");
      const path = state.liveFile(attemptName(runId));
      const entry = await readFile(path, "utf8");
      of(path, entry);
      const swept = await sweepRemains("lost", services, signal);
      const ended = await store.read(runId, signal);
      if (tells) {
        expect(swept).toEqual([{ kind: "swept", runId }]);
        expect(ended?.run).toMatchObject({ state: "failed", reason: "lost" });
        expect(await processes()).toEqual([]);
        expect(existsSync(path)).toBe(false);
        return;
      }
      expect(swept).toEqual([{ kind: "unreadable", runId, message: expect.stringContaining(path) as unknown }]);
      expect(ended?.run.state).toBe("running");
      if (process.platform === "linux") expect(await processes()).toHaveLength(1);
      await rm(path, { recursive: true });
      await writeFile(path, entry);
      expect(await sweepRemains("lost", services, signal)).toEqual([{ kind: "swept", runId }]);
    },
  );

  it("includes old scratch folders that nobody is registered for", async () => {
    const [old, young] = [state.scratchFolder("old"), state.scratchFolder("young")];
    for (const folder of [old, young]) await mkdir(folder, { recursive: true });
    const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);
    const draft = join(state.live, ".digits-9.4711");
    await mkdir(state.live);
    await writeFile(draft, "{");
    for (const path of [old, draft]) await utimes(path, twoDaysAgo, twoDaysAgo);
    await sweepRemains("lost", services, signal);
    expect([old, draft, young].map((path) => existsSync(path))).toEqual([false, false, true]);
  });
});
