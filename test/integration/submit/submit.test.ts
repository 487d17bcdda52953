import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import { thisLauncher } from "../../../src/launch/services.ts";
import { ownEnvironments } from "../../../src/environments/index.ts";
import { ownResources } from "../../../src/resources/index.ts";
import type { Submission, SubmitServices } from "../../../src/submit/submission.ts";
import { submit, type Submitted } from "../../../src/submit/submit.ts";
import { failureOf } from "../../support/failure.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/git/git-repository.ts";

/* A door is a maker of submissions: this one is neither the command line nor the action. */

const { signal } = new AbortController();

let folder: TemporaryFolder;
let project: string;
let services: SubmitServices;

beforeEach(() => {
  folder = temporaryFolder();
  const repository = folder.repository("train");
  repository.commit("a", {
    "launch.yaml": "name: train\nresource: local-process\noverrides: {entry_point: [bash, train.sh]}\n",
    "queued.yaml":
      "name: queued\nqueue: default\nresource: local-process\noverrides: {entry_point: [bash, train.sh]}\n",
    "faulty.yaml": "name: train\nresource: kubernets\n",
    "train.sh": "echo trained\n",
  });
  project = repository.directory;
  const state = stateDirectoryAt(folder.folder("state"));
  const environment = { PATH: process.env["PATH"], GIT_CONFIG_GLOBAL: "/dev/null" };
  services = {
    log: silentLog,
    clock: systemClock,
    state,
    environment,
    environments: ownEnvironments({ log: silentLog, clock: systemClock, variables: environment }),
    resources: ownResources({ log: silentLog, cacheDirectory: state.cache, environment }),
    home: folder.folder("home"),
    launcher: thisLauncher(state),
    ownerOf: () => Promise.resolve({ entity: "team", project: "train" }),
    tokensOf: () => Promise.resolve({}),
  };
});
afterEach(() => folder.remove());

/** What a comment might ask for. */
function asked(specs: readonly string[], settings: Submission["settings"] = {}): Submission {
  return {
    specs: specs.map((name) => join(project, name)),
    called: "the comment's spec",
    settings,
    nameOf: (setting) => `/${setting}`,
    secrets: {},
    by: "ada",
    ci: undefined,
    idempotencyKey: undefined,
  };
}

const done = (submission: Submission): Promise<Submitted> => submit(submission, services, signal);

test("a dry run is planned, each variant of it, and nothing is started", async () => {
  const planned = await done(asked(["launch.yaml"], { dryRun: true, each: ["lr=1,2"] }));
  expect(planned).toMatchObject({ kind: "planned", plans: [{ name: "train" }, { name: "train" }] });
});

test("a spec without a queue is launched and followed to its end", async () => {
  const launched = await done(asked(["launch.yaml"], { set: ["lr=1"] }));
  expect(launched).toMatchObject({
    kind: "launched",
    specFile: join(project, "launch.yaml"),
    result: {
      outcome: { state: "succeeded" },
      lastLines: ["trained"],
      record: { by: "ada", spec: { entity: "team" } },
    },
  });
});

test("specs of a queue are enqueued together, each with what it varies; the store is open for who follows them", async () => {
  const enqueued = await done(asked(["launch.yaml", "queued.yaml"], { queue: "default", each: ["lr=1,2"] }));
  if (enqueued.kind !== "enqueued") throw new Error(enqueued.kind);
  const { runs, group } = enqueued.enqueued;
  expect(group).toBeDefined();
  expect(runs.map(({ leg }) => leg.split(" ").at(-1))).toEqual(["lr=1", "lr=2", "lr=1", "lr=2"]);
  const { entries } = await enqueued.store.snapshot(["default"], signal);
  await enqueued.store.close();
  expect(entries.map(({ run }) => run.run_id).sort()).toEqual(runs.map(({ runId }) => runId).sort());
});

test("the faults of a spec come back with their places", async () => {
  const faults = await done(asked(["launch.yaml", "faulty.yaml"], { queue: "default" }));
  expect(faults).toMatchObject({ kind: "faults", faults: [{ file: join(project, "faulty.yaml"), line: 2 }] });
});

test.each([
  [["launch.yaml"], { each: ["lr=1,2"], wait: true }, "/each, /wait: only for runs of a queue; name one with /queue"],
  [["launch.yaml", "launch.yaml"], {}, "more than one spec: only for runs of a queue"],
  [["queued.yaml", "launch.yaml"], {}, "launch.yaml names no queue, and others do; give one for all with /queue"],
  [["launch.yaml"], { each: ["lr=1,1"] }, '/each "lr=1,1": value 2 of 2 is the same'],
] satisfies [string[], Submission["settings"], string][])(
  "%j with %j is refused, in the words of its door",
  async (specs, settings, words) => {
    expect((await failureOf(done(asked(specs, settings)))).message).toContain(words);
  },
);

const long = "x".repeat(5_000);
test.each([
  ["launch.yaml", { project: long }, "project"],
  ["launch.yaml", { entity: long }, "entity"],
  ["queued.yaml", { project: long }, "project"],
  ["queued.yaml", { replace: long }, "queued.replace"],
] satisfies [string, Submission["settings"], string][])(
  "what nobody could read again is refused, and not kept: %s with too long a value (%#)",
  async (spec, settings, place) => {
    const { code, message } = await failureOf(done(asked([spec], settings)));
    expect({ code, message }).toEqual({
      code: "bad-spec",
      message: expect.stringContaining(`at "${place}"`) as string,
    });
  },
);
