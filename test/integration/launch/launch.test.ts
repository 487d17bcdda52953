import { execFileSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LaunchError } from "../../../src/core/errors.ts";
import { launch } from "../../../src/launch/launch.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { sweepRemains } from "../../../src/machine/sweep.ts";
import { sweepServices } from "../../../src/machine/sweep-services.ts";
import type { Store } from "../../../src/stores/store.ts";
import { describeWith } from "../../support/engines.ts";
import { type LaunchPlace, launchPlace, launchRequest } from "../../support/launch/launching.ts";
import { runDocument } from "../../support/stores/run-document.ts";
import { makeProject, type Project } from "../../support/launch/project.ts";
import { attemptIn } from "../../support/launch/attempt.ts";

let place: LaunchPlace;
let project: Project;
const never = new AbortController().signal;

beforeEach(async () => {
  place = await launchPlace();
  project = makeProject({
    files: {
      "ok.mjs": [
        'import { writeFileSync } from "node:fs";',
        "console.log(process.env.TOKEN ?? 'no token', process.argv[2]);",
        "console.error('careful');",
        "writeFileSync(`${process.env.LAUNCH_OUTPUT_DIR}/metrics.json`, '{\"accuracy\": 0.5}');",
      ].join("\n"),
      "sparse.mjs": [
        'import { truncateSync, writeFileSync } from "node:fs";',
        "const folder = process.env.LAUNCH_OUTPUT_DIR;",
        "writeFileSync(`${folder}/metrics.json`, '{\"accuracy\": 1}');",
        "writeFileSync(`${folder}/big.bin`, '');",
        "truncateSync(`${folder}/big.bin`, 8 * 2 ** 40);",
        "console.log('left');",
      ].join("\n"),
      "fail.mjs": "console.log('before'); process.exit(3);",
      "hang.mjs":
        "process.on('SIGTERM', () => { console.log('asked to end'); setTimeout(() => console.log('was given time'), 3000); }); console.log('up'); setInterval(() => {}, 1000);",
    },
  });
});
afterEach(async () => {
  project.remove();
  await place.remove();
});

const process_ = (entry: string, more: object = {}): Record<string, never> =>
  ({
    uri: ".",
    name: "test",
    resource: "local-process",
    overrides: { entry_point: ["node", entry] },
    ...more,
  }) as never;

async function launched(entry: string, more: object = {}, changes: object = {}, signal: AbortSignal = never) {
  const request = {
    ...(await launchRequest({ spec: process_(entry, more), baseDirectory: project.directory })),
    ...changes,
  };
  return launch(request, place.services, signal);
}

async function leftBehind(): Promise<readonly string[]> {
  return [...(await readdir(place.state.scratch)), ...(await readdir(place.state.live))];
}

test("a run from a commit leaves its result, record, outputs and log, and nothing else", async () => {
  const result = await launched("ok.mjs", { overrides: { entry_point: ["node", "ok.mjs"], args: ["now"] } });

  expect(result.outcome).toEqual({ state: "succeeded", exitCode: 0 });
  expect(place.lines).toEqual(expect.arrayContaining(["stdout: no token now", "stderr: careful"]));
  const stored = await (await place.openStore()).read(result.runId, never);
  expect(stored?.run).toMatchObject({ state: "succeeded", exit_code: 0, by: "ada", metrics: { accuracy: 0.5 } });
  expect(stored?.record).toMatchObject({
    source: { commit: project.commit, base: project.commit },
    command: ["node", "ok.mjs"],
    args: ["now"],
    outputs: [{ path: "metrics.json" }],
  });
  expect(stored?.tail).toContain("! careful\n");
  expect(JSON.parse(await readFile(result.recordFile, "utf8"))).toEqual(stored?.record);
  expect(await leftBehind()).toEqual([]);
});

test("a job that fails has its own exit code in the outcome, and its last lines", async () => {
  const result = await launched("fail.mjs");
  expect(result.outcome).toMatchObject({ state: "failed", reason: "exit-code", exitCode: 3 });
  expect(result.lastLines).toEqual(["before"]);
});

test("a run over its timeout is ended, with its last words, and says which timeout it was", async () => {
  const result = await launched("hang.mjs", { timeout: "1s" });
  expect(result.outcome).toMatchObject({ state: "failed", reason: "timeout" });
  expect(result.outcome.state === "succeeded" ? "" : result.outcome.message).toContain("1.0 s");
  expect(result.lastLines).toEqual(["up", "asked to end", "was given time"]);
  expect(await leftBehind()).toEqual([]);
}, 40_000);

test("a cancel while outputs are hashed ends the launch, however large a file says that it is, and the run has succeeded", async () => {
  const cancel = new AbortController();
  place.services.log.output = ({ bytes }) => {
    // The run is over by then.
    if (bytes.includes("left")) setTimeout(() => cancel.abort(), 1_500);
  };
  const result = await launched("sparse.mjs", {}, {}, cancel.signal);
  expect(result.outcome).toEqual({ state: "succeeded", exitCode: 0 });
  expect(result.record).toMatchObject({ state: "succeeded", outputs: [], metrics: { accuracy: 1 } });
  expect(result.record.warnings.join()).toContain("big.bin");
  expect(await leftBehind()).toEqual([]);
});

test("a cancel ends a run that ignores SIGTERM, and the record says so", async () => {
  const cancel = new AbortController();
  place.services.log.output = ({ bytes }) => {
    if (bytes.includes("up")) cancel.abort();
  };
  const result = await launched("hang.mjs", {}, {}, cancel.signal);
  expect(result.outcome).toMatchObject({ state: "cancelled", reason: "cancelled" });
  const stored = await (await place.openStore()).read(result.runId, never);
  expect(stored?.run.state).toBe("cancelled");
  expect(await leftBehind()).toEqual([]);
}, 40_000);

test("a run that is refused or has no source leaves a record with the reason", async () => {
  const refused = await launch(
    await launchRequest({ spec: process_("ok.mjs", { resource: "kubernetes" }), baseDirectory: project.directory }),
    place.services,
    never,
  );
  expect(refused.outcome).toMatchObject({ state: "failed", reason: "refused" });
  const missing = await launched("ok.mjs", { uri: "./not-there" });
  expect(missing.outcome).toMatchObject({ state: "failed", reason: "source-failed" });
  const listed = await (await place.openStore()).list(10, never);
  expect(listed.map((row) => (row.kind === "run" ? row.run.reason : row.why)).sort()).toEqual([
    "refused",
    "source-failed",
  ]);
});

test("a secret reaches the run and appears in no log, record or store", async () => {
  const secret = "s3cret-value-of-the-test";
  const result = await launched(
    "ok.mjs",
    { secrets: { TOKEN: "API" }, overrides: { entry_point: ["node", "ok.mjs"], args: [secret] } },
    { secrets: { API: secret } },
  );
  expect(place.lines).toContain("stdout: *** ***");
  const stored = await (await place.openStore()).read(result.runId, never);
  const everything = JSON.stringify([stored, result, place.phases, place.warnings, place.lines]);
  expect(everything).not.toContain(secret);
  expect(await readFile(result.logFile, "utf8")).not.toContain(secret);
  expect(stored?.record).toMatchObject({ secrets: { TOKEN: "API" } });
});

test("a store that refuses the first write is replaced by the fallback, with one warning", async () => {
  const working = await place.openStore();
  const refusing: Store = {
    ...working,
    location: "git+https://example.invalid/org/repo",
    create: () => Promise.reject(new LaunchError("refused", "the token may not write")),
  };
  place = {
    ...place,
    services: {
      ...place.services,
      store: {
        open: () => Promise.resolve(refusing),
        openFallback: () => Promise.resolve(working),
        spare: true,
        public: true,
      },
    },
  };
  const result = await launched("ok.mjs");
  expect(result.outcome.state).toBe("succeeded");
  expect(place.warnings.filter((warning) => warning.includes("the token may not write"))).toHaveLength(1);
  expect((await working.read(result.runId, never))?.run.state).toBe("succeeded");
});

test.each([
  ["with its record", ""],
  [
    "even without a record file",
    "import { mkdirSync } from 'node:fs'; mkdirSync(process.env.LAUNCH_OUTPUT_DIR + '/../record.json');",
  ],
])("an end that the store could not be told is told by the next sweep, %s", async (_, before) => {
  await writeFile(`${project.directory}/ok.mjs`, before + (await readFile(`${project.directory}/ok.mjs`, "utf8")));
  const working = await place.openStore();
  const failing: Store = {
    ...working,
    update: (document, expected, signal) =>
      document.run.state === "succeeded"
        ? Promise.resolve({ kind: "unknown", message: "no answer" })
        : working.update(document, expected, signal),
  };
  const { services, state } = place;
  const store = { open: () => Promise.resolve(failing), openFallback: undefined, spare: false, public: false };
  place = { ...place, services: { ...services, store } };
  const result = await launched("ok.mjs");

  expect(result.outcome.state).toBe("succeeded");
  expect(place.warnings.join().includes("its record is in")).toBe(before === "");
  expect((await working.read(result.runId, never))?.run.state).not.toBe("succeeded");
  // The launcher of the entry is this test: as if it had ended.
  const file = state.liveFile(attemptIn(state, result.runId));
  const entry = await readFile(file, "utf8");
  await writeFile(file, entry.replace(/"started": ?"[^"]*"/, '"started": "long ago"'));
  const sweep = sweepServices({ ...services, log: silentLog });
  expect(await sweepRemains("lost", sweep, never)).toEqual([{ kind: "swept", runId: result.runId }]);
  const stored = await working.read(result.runId, never);
  expect(stored?.run).toMatchObject({ state: "succeeded", metrics: { accuracy: 0.5 } });
  expect(stored?.record).toMatchObject({ state: "succeeded", command: ["node", "ok.mjs"] });
  if (before === "") expect(stored?.record).toEqual(JSON.parse(await readFile(result.recordFile, "utf8")));
  expect(await leftBehind()).toEqual([]);
});

test("a store hears that a run has started while it runs", async () => {
  const cancel = new AbortController();
  const store = await place.openStore();
  const seen: string[] = [];
  place.services.log.output = async ({ bytes }) => {
    if (!bytes.includes("up")) return;
    for (let state = ""; state !== "running";) {
      const [row] = await store.list(1, never);
      state = row?.kind === "run" ? row.run.state : "";
      if (state !== seen.at(-1)) seen.push(state);
    }
    cancel.abort();
  };
  await launched("hang.mjs", {}, {}, cancel.signal);
  expect(seen.at(-1)).toBe("running");
}, 40_000);

test("what a run waits for while it starts is shown until it has started", async () => {
  project.remove();
  project = makeProject({ files: { "ok.mjs": "", "requirements.txt": "tiny==1.0\n" } });
  const folder = project.directory;
  await writeFile(
    `${folder}/uv`,
    '#!/bin/sh\n[ $1 != venv ] || { for to; do :; done; mkdir -p "$to/bin"; ln -s /bin/sh "$to/bin/python"; }\n',
    { mode: 0o755 },
  );
  const environment = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
  const spec = process_("ok.mjs", { resource_args: { "local-process": { venv: true } } });
  const request = await launchRequest({ spec, baseDirectory: folder });
  const { outcome } = await launch(request, { ...place.services, environment }, never);
  expect(outcome).toEqual({ state: "succeeded", exitCode: 0 });
  const shown = place.phases.filter(({ phase }) => phase === "start").map(({ status, detail }) => [status, detail]);
  expect(shown.map(([status]) => status)).toEqual(["started", "progress", "ended"]);
  expect(shown[1]).toEqual(["progress", "making a Python environment from requirements.txt"]);
});

test("a forced cancel does not wait for a run that ignores SIGTERM", async () => {
  const cancel = new AbortController();
  const force = new AbortController();
  place = { ...place, services: { ...place.services, force: force.signal } };
  place.services.log.output = ({ bytes }) => {
    if (bytes.includes("up")) cancel.abort();
    if (bytes.includes("asked to end")) force.abort();
  };
  const result = await launched("hang.mjs", {}, {}, cancel.signal);
  expect(result.outcome).toMatchObject({ state: "cancelled" });
  expect(result.lastLines).not.toContain("was given time");
});

test("a patch stays out of a public store unless the config allows it", async () => {
  await writeFile(`${project.directory}/ok.mjs`, "console.log('patched')");
  place = { ...place, services: { ...place.services, store: { ...place.services.store, public: true } } };
  const result = await launched("ok.mjs");
  expect(place.lines).toContain("stdout: patched");
  const store = await place.openStore();
  expect((await store.read(result.runId, never))?.patch).toBeUndefined();
  expect(place.warnings.join()).toContain("patches_in_public");

  const allowed = await launchRequest({
    spec: process_("ok.mjs"),
    config: { allow: { patches_in_public: true } },
    baseDirectory: project.directory,
  });
  const second = await launch(allowed, place.services, never);
  expect(Buffer.from((await store.read(second.runId, never))?.patch ?? []).toString()).toContain(
    "+console.log('patched')",
  );
});

test("a spec that chooses outputs is refused, not run without them", async () => {
  const result = await launched("ok.mjs", { outputs: ["model"] });
  expect(result.outcome).toMatchObject({
    reason: "refused",
    message: expect.stringContaining("LAUNCH_OUTPUT_DIR") as string,
  });
  expect(place.lines).toEqual([]);
});

test("the record's spec, read again, resolves to the same spec", async () => {
  const spec = process_("ok.mjs", { timeout: "90s", resource_args: { "local-process": { venv: false } } });
  const request = await launchRequest({ spec, baseDirectory: project.directory });
  const { record } = await launch(request, place.services, never);
  const again = await launchRequest({ spec: record.spec, baseDirectory: project.directory });
  expect(again.spec).toEqual(request.spec);
});

test("a second launch of a run id that is taken is refused, and touches nothing of the first", async () => {
  const second = new Promise<unknown>((resolve) => {
    place.services.log.output = ({ bytes }) => {
      if (bytes.includes("up")) resolve(launched("ok.mjs", { run_id: "taken-1" }).catch((error: unknown) => error));
    };
  });
  await writeFile(`${project.directory}/ok.mjs`, "console.log('up'); setTimeout(() => process.exit(4), 2000);");
  const first = launched("ok.mjs", { run_id: "taken-1" });
  expect(await second).toMatchObject({ code: "bad-spec" });
  expect(await readdir(place.state.live)).toEqual([`${attemptIn(place.state, "taken-1")}.json`]);
  expect((await first).outcome).toMatchObject({ reason: "exit-code", exitCode: 4 });
  const stored = await (await place.openStore()).read("taken-1", never);
  expect(stored?.run).toMatchObject({ reason: "exit-code" });
  expect(await leftBehind()).toEqual([]);
}, 40_000);

test("a run id that the store has from elsewhere is not written over, and not launched in a fallback", async () => {
  const store = await place.openStore();
  await store.create(runDocument("taken-2"), never);
  const open = (): Promise<Store> => Promise.resolve(store);
  const services = {
    ...place.services,
    store: { ...place.services.store, open, openFallback: () => place.openStore() },
  };
  const spec = process_("ok.mjs", { run_id: "taken-2" });
  const result = await launch(await launchRequest({ spec, baseDirectory: project.directory }), services, never);
  expect(result.outcome).toMatchObject({ state: "failed", reason: "submit-failed" });
  expect(place.lines).toEqual([]);
  expect((await store.read("taken-2", never))?.run).toEqual(runDocument("taken-2").run);
  expect(await leftBehind()).toEqual([]);
});

test("a patch that holds a secret's value is not kept", async () => {
  await writeFile(`${project.directory}/ok.mjs`, "console.log('key: s3cret-value-of-the-test');");
  const result = await launched(
    "ok.mjs",
    { secrets: { TOKEN: "API" } },
    { secrets: { API: "s3cret-value-of-the-test" } },
  );
  expect(place.warnings.join()).toContain("hold the value of a secret");
  expect((await (await place.openStore()).read(result.runId, never))?.patch).toBeUndefined();
});

test("a state folder that can't be written is said so, and nothing is left", async () => {
  await writeFile(place.state.path, "a file where the folder should be");
  await expect(launched("ok.mjs")).rejects.toMatchObject({ code: "machine-failed" });
});

test("a record file that can't be written is a warning: the store has the run all the same", async () => {
  const script = "import { mkdirSync } from 'node:fs'; mkdirSync(process.env.LAUNCH_OUTPUT_DIR + '/../record.json');";
  await writeFile(`${project.directory}/ok.mjs`, script);
  const result = await launched("ok.mjs");
  expect(result.outcome.state).toBe("succeeded");
  expect(place.warnings.join()).toContain("record.json could not be written");
  expect((await (await place.openStore()).read(result.runId, never))?.run.state).toBe("succeeded");
  expect(await leftBehind()).toEqual([]);
});

describeWith(["docker"], "a container", () => {
  test("that may not have what it asks for is refused before its image is built", async () => {
    await writeFile(`${project.directory}/Dockerfile`, "FROM busybox\nRUN false\n");
    execFileSync("git", ["add", "Dockerfile"], { cwd: project.directory });
    const container = { resource: "local-container", resource_args: { "local-container": { volume: "/etc:/x" } } };
    const result = await launched("ok.mjs", container);
    expect(result.outcome).toMatchObject({ reason: "refused" });
    expect(result.outcome.state === "succeeded" ? "" : result.outcome.message).toContain('the mount "/etc:/x"');
  });
});
