import { createServer } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { openStoreAt } from "../../../src/stores/choose-store.ts";
import { temporaryFolder, type TemporaryFolder, type TestRepository } from "../../support/git/git-repository.ts";
import { type Runner, startRunner } from "../../support/github/runner.ts";

/* The action's commands for queues, from its sources, on a store of this machine. */

// Each command is a process of its own, and a machine may have others to run.
vi.setConfig({ testTimeout: 120_000 });

const spec = "name: train\nresource: local-process\noverrides: {entry_point: [bash, train.sh]}\n";
const resultSchema = z.looseObject({ schema_version: z.literal(1) });

let folder: TemporaryFolder;
let repository: TestRepository;
let steps = 0;

beforeEach(() => {
  folder = temporaryFolder();
  repository = folder.repository("train");
  repository.commit("a", { "launch.yaml": spec, "train.sh": 'echo "with $LAUNCH_CONFIG"\n' });
  const index = pathToFileURL(join(import.meta.dirname, "../../../src/index.ts")).href;
  const bin = folder.folder("action/bin");
  writeFileSync(join(folder.path, "action/package.json"), '{"type": "module"}');
  for (const door of ["main", "post"]) {
    writeFileSync(join(bin, `${door}.js`), `import { ${door} } from ${JSON.stringify(index)};\nawait ${door}();\n`);
  }
});
afterEach(() => folder.remove());

function step(inputs: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): Runner {
  const place = join(folder.path, `step-${++steps}`);
  mkdirSync(place);
  const store = `git+file://${join(folder.path, "store.git")}`;
  return startRunner({
    action: join(folder.path, "action"),
    workspace: repository.directory,
    folder: place,
    inputs: { store, ...inputs },
    environment: { GITHUB_JOB: "train", GITHUB_ACTION: "launch", GIT_CONFIG_GLOBAL: "/dev/null", ...environment },
  });
}

async function outputsOf(runner: Runner): Promise<{
  readonly exit: number | string;
  readonly result: z.output<typeof resultSchema>;
  readonly outputs: Readonly<Record<string, string>>;
}> {
  const exit = await runner.main().ended;
  const outputs = runner.outputs();
  return { exit, outputs, result: resultSchema.parse(JSON.parse(outputs["result"] ?? "{}")) };
}

test("a step enqueues once, however often its job is run again; the legs of a matrix stay apart", async () => {
  const first = await outputsOf(step({ queue: "default", leg: '{"lr": 1}' }));
  expect(first.exit).toBe(0);
  expect(first.outputs).toMatchObject({ state: "queued" });
  const again = await outputsOf(step({ queue: "default", leg: '{"lr": 1}' }, { GITHUB_RUN_ATTEMPT: "2" }));
  expect(again.outputs["run-id"]).toBe(first.outputs["run-id"]);
  const other = await outputsOf(step({ queue: "default", leg: '{"lr": 2}' }));
  expect(other.outputs["run-id"]).not.toBe(first.outputs["run-id"]);

  const agent = await outputsOf(step({ command: "agent", drain: "true", "max-jobs": "2" }));
  expect(agent.exit).toBe(0);
  expect(agent.result["runs"]).toHaveLength(2);
  const ended = await outputsOf(step({ queue: "default", leg: '{"lr": 1}' }, { GITHUB_RUN_ATTEMPT: "3" }));
  expect(ended.outputs).toMatchObject({ "run-id": first.outputs["run-id"], state: "succeeded" });
  expect(ended.result["runs"]).toMatchObject([{ state: "succeeded", from_before: true }]);
  const status = await outputsOf(step({ command: "status", runs: first.outputs["run-id"] ?? "" }));
  expect(status.outputs).toMatchObject({ state: "succeeded" });
});

test("a step that is run again after its run was folded away tells how that ended, and takes nobody's place", async () => {
  const first = await outputsOf(step({ queue: "default", replace: "main" }));
  await outputsOf(step({ command: "agent", drain: "true" }));
  const state = stateDirectoryAt(join(folder.path, "fold"));
  const url = `git+file://${join(folder.path, "store.git")}`;
  const store = await openStoreAt(url, { state, tokens: {}, log: silentLog });
  expect(await store.fold("default", 0, AbortSignal.timeout(60_000))).toBe(1);
  const newer = await outputsOf(step({ queue: "default", replace: "main" }, { GITHUB_RUN_ID: "2" }));
  const again = await outputsOf(step({ queue: "default", replace: "main" }, { GITHUB_RUN_ATTEMPT: "2" }));
  expect(again.outputs).toMatchObject({ "run-id": first.outputs["run-id"], state: "succeeded" });
  expect(again.result["replaced"]).toEqual([]);
  const status = await outputsOf(step({ command: "status", runs: newer.outputs["run-id"] ?? "" }));
  expect(status.outputs).toMatchObject({ state: "queued" });
});

test("the calls of a reusable workflow, whose jobs are named alike, each enqueue what they were asked for", async () => {
  const one = await outputsOf(step({ queue: "default", args: "--lr=1" }));
  const other = await outputsOf(step({ queue: "default", args: "--lr=2" }));
  expect(other.outputs["run-id"]).not.toBe(one.outputs["run-id"]);
});

test("several specs are enqueued at once, each in each variant, and the summary has a row for each", async () => {
  repository.commit("b", { "other.yaml": spec.replace("train", "other") });
  const queued = step({ spec: "launch.yaml\nother.yaml", queue: "default", each: "lr=1,2" });
  const { exit, outputs, result } = await outputsOf(queued);
  expect(exit).toBe(0);
  const ids = z.array(z.string()).parse(JSON.parse(outputs["run-ids"] ?? ""));
  expect(ids.map((id) => id.split("-")[0])).toEqual(["train", "train", "other", "other"]);
  expect(result["runs"]).toHaveLength(4);
  expect(result["group"]).toBe(outputs["run-id"]);
  const summary = queued.summary();
  for (const id of ids) expect(summary).toContain(id);
  expect(summary).toContain("other.yaml lr=2");
  expect(summary).toContain("No agent polls this queue.");
});

test("several runs are one group, which another job cancels by its name", async () => {
  const queued = await outputsOf(step({ queue: "default", each: "lr=0.1,0.01\nsize=1,2" }));
  expect(queued.result["runs"]).toHaveLength(4);
  const cancelled = await outputsOf(step({ command: "cancel", runs: queued.outputs["run-id"] ?? "" }));
  expect(cancelled.exit).toBe(0);
  expect(cancelled.outputs).toMatchObject({ state: "cancelled" });
  expect(cancelled.result["runs"]).toMatchObject([1, 2, 3, 4].map(() => ({ state: "cancelled" })));
});

test("with wait a step ends as its run does", async () => {
  repository.commit("b", { "train.sh": "exit 3\n" });
  const waiting = step({ queue: "default", wait: "true" }).main();
  await waiting.seen("waiting in default: 1st, for an agent");
  await outputsOf(step({ command: "agent", drain: "true" }));
  expect(await waiting.ended).toBe(1);
  expect(waiting.log()).toContain("exit-code");
});

test("a cancelled agent's job gives its run back, and another agent brings it to its end", async () => {
  repository.commit("b", { "train.sh": 'test "$LAUNCH_ATTEMPT" = 2 || { echo started; sleep 60; }\n' });
  const queued = await outputsOf(step({ queue: "default" }));
  const agent = step({ command: "agent" }).main();
  await agent.seen("started");
  expect(await agent.cancel()).toBe("SIGINT");
  await outputsOf(step({ command: "agent", drain: "true" }));
  const status = await outputsOf(step({ command: "status", runs: queued.outputs["run-id"] ?? "" }));
  expect(status.outputs).toMatchObject({ state: "succeeded" });
});

test("an agent's workflow is woken, by a request that names it and the default branch", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers.authorization ?? ""} ${body}`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const api = { GITHUB_API_URL: `http://127.0.0.1:${address.port}` };
    const { exit } = await outputsOf(step({ queue: "default", wake: "agent.yml", token: "t0ken" }, api));
    expect(exit).toBe(0);
    expect(seen).toEqual(['POST /repos/team/train/actions/workflows/agent.yml/dispatches Bearer t0ken {"ref":"main"}']);
  } finally {
    server.close();
  }
});

test.each([
  [{ wait: "true" }, "input wait: only for runs of a queue; name one with input queue"],
  [{ spec: "launch.yaml, launch.yaml" }, "more than one spec: only for runs of a queue"],
  [{ queue: "gpu" }, 'there is no queue "gpu"'],
  [{ queue: "default", secrets: "TOKEN=abcdef" }, "a value can't travel with a queued run"],
  [{ command: "cancel" }, "input runs: give the ids of runs"],
  [{ command: "comment" }, 'there is no command "comment" in version'],
])("%j is refused in words", async (inputs, words) => {
  const runner = step(inputs);
  const main = runner.main();
  expect(await main.ended).toBe(1);
  expect(main.log()).toContain(words);
});
