import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../../src/core/clock.ts";
import type { JobLiveness } from "../../../src/run/job-liveness.ts";
import type { JsonObject } from "../../../src/core/json.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { gitHubJobs } from "../../../src/github/job-liveness.ts";
import { type AgentPlace, agentPlace, until } from "../../support/agent/agent.ts";
import { beatOf } from "../../support/agent/agent-beat.ts";
import { type GitHubApi, startGitHubApi, workflowJob } from "../../support/github/github-api.ts";

/* What is known of an agent's job from an API on this machine whose answers are of GitHub's types. */

const attempt = "team/train/77/1";
let api: GitHubApi;
let jobs: JobLiveness | undefined;
let nowMs: number;

/** A clock that is moved by hand. */
const clock: Clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
const place = (): { GITHUB_SERVER_URL: string; GITHUB_API_URL: string } => ({
  GITHUB_SERVER_URL: "http://127.0.0.1:9",
  GITHUB_API_URL: api.url,
});
const job = (change: JsonObject = {}): JsonObject => ({
  provider: "github",
  server: "http://127.0.0.1:9",
  repository: "team/train",
  run_id: "77",
  run_attempt: "1",
  runner: "box-2",
  keeps_runs: false,
  ...change,
});

beforeEach(async () => {
  nowMs = 1_000_000;
  api = await startGitHubApi({ personal: "a-pat" });
  jobs = gitHubJobs({ tokens: { "127.0.0.1:9": "a-pat" }, environment: place(), clock, log: silentLog });
});
afterEach(async () => {
  jobs?.close();
  await api.stop();
});

/** Asks, and gives the answer some time to be taken in. */
async function hasEnded(): Promise<boolean> {
  jobs?.hasEnded(job());
  await until(() => api.requests.length > 0);
  await delay(300);
  return jobs?.hasEnded(job()) === true;
}

const whenEnded = (): Promise<void> => until(() => jobs?.hasEnded(job()) === true);

describe("a job that holds a lease", () => {
  it("has ended when its runner has closed it", async () => {
    api.jobs.set(attempt, [workflowJob({ runner: "box-2" }), workflowJob({ runner: "box-3", status: "in_progress" })]);
    await whenEnded();
    expect(api.requests).toEqual(["GET /repos/team/train/actions/runs/77/attempts/1/jobs"]);
  });

  it.each([
    ["it goes on", [workflowJob({ runner: "box-2", status: "in_progress" })]],
    ["GitHub has given up its runner, which may go on", [workflowJob({ runner: "box-2", lastStep: "in_progress" })]],
    ["its post step could not end its runs", [workflowJob({ runner: "box-2", post: "failure" })]],
    [
      "another job of the run is on its runner",
      [workflowJob({ runner: "box-2" }), workflowJob({ runner: "box-2", status: "in_progress" })],
    ],
    ["nothing is known of its runner", [workflowJob({ runner: "box-3" })]],
  ])("is not known to have ended when %s", async (_why, listed) => {
    api.jobs.set(attempt, listed);
    expect(await hasEnded()).toBe(false);
  });

  it.each([
    ["an error of the server's", { kind: "status", status: 500 }],
    ["a token that may not ask", { kind: "status", status: 403 }],
    ["another's page", { kind: "text", text: "<html>" }],
  ] as const)("is not known to have ended after %s, and is asked for again a minute later", async (_what, fault) => {
    api.jobs.set(attempt, [workflowJob({ runner: "box-2" })]);
    api.fail(fault);
    expect(await hasEnded()).toBe(false);
    nowMs += 59_000;
    expect(jobs?.hasEnded(job())).toBe(false);
    nowMs += 1_000;
    await whenEnded();
    expect(api.requests).toHaveLength(2);
  });

  it.each([
    ["its runs are kept for the machine's next agent", { keeps_runs: true }],
    ["it is of another GitHub", { server: "https://github.example" }],
    ["it doesn't say which runner it has", { runner: "" }],
    ["what it says is no job", { run_id: "../../user" }],
  ])("is not asked for when %s", (_why, change) => {
    expect(jobs?.hasEnded(job(change))).toBe(false);
    expect(api.requests).toEqual([]);
  });

  it("is one of many: one is asked for in five seconds", async () => {
    for (let run = 0; run < 10; run++) jobs?.hasEnded(job({ run_id: `${run}` }));
    await until(() => api.requests.length > 0);
    nowMs += 5_000;
    for (let run = 0; run < 10; run++) jobs?.hasEnded(job({ run_id: `${run}` }));
    await until(() => api.requests.length > 1);
    expect(api.requests).toHaveLength(2);
  });

  it("that doesn't answer is not waited for", () => {
    api.fail({ kind: "hang" });
    expect(jobs?.hasEnded(job())).toBe(false);
    jobs?.close();
    expect(jobs?.hasEnded(job())).toBe(false);
  });
});

describe("an agent", () => {
  let agents: AgentPlace;

  beforeEach(async () => {
    agents = await agentPlace();
  });
  afterEach(() => agents.remove());

  it("takes over at once what a job that has ended still holds, long before the lease is over", async () => {
    api.jobs.set(attempt, [workflowJob({ runner: "box-2" })]);
    const { signal } = new AbortController();
    const [runId = ""] = await agents.enqueue(["true"]);
    const [entry] = await agents.entries();
    const lease = { agent: "box-2", incarnation: "a", attempt: 1, since: new Date().toISOString() };
    await agents.store.claim({ entry: entry!, lease }, signal);
    const hour = { ttl_ms: 3_600_000, heartbeat_ms: 1_200_000 };
    await agents.store.beat(
      { ...beatOf("box-2", "a"), queues: ["default"], lease: hour, job: job() },
      undefined,
      signal,
    );

    const result = await agents.run({ agent: "box-1" }, { jobs });
    expect(result.runs).toMatchObject([{ runId, attempt: 2, end: { kind: "succeeded" } }]);
    expect(agents.lines.join("\n")).toContain("the job of agent box-2 has ended; it waits for another attempt");
    expect((await agents.store.snapshot("all", signal)).agents).toEqual([]);
  });
});
