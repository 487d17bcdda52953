import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import type { Tokens } from "../../../src/core/token.ts";
import { gitHubContext } from "../../../src/github/context.ts";
import { gitHubTokens } from "../../../src/github/credentials.ts";
import { dispatchWorkflow } from "../../../src/github/dispatch.ts";
import { type ApiFault, type GitHubApi, startGitHubApi } from "../../support/github/github-api.ts";

/* An agent's workflow is started through an API on this machine that checks tokens as GitHub does. */

const dispatchPath = "POST /repos/team/train/actions/workflows/agent.yml/dispatches";
let api: GitHubApi;

beforeEach(async () => {
  api = await startGitHubApi({ personal: "a-pat" });
});
afterEach(() => api.stop());

const environment = (): Readonly<Record<string, string>> => ({
  GITHUB_SERVER_URL: "http://127.0.0.1:9",
  GITHUB_API_URL: `${api.url}/`,
  GITHUB_REPOSITORY: "team/train",
  APP_KEY: api.app.privateKey,
});

/** As a job has them: the App's where the launch config names one. */
function tokensOf(token: string, hasApp: boolean): Tokens {
  const { id, installation } = api.app;
  const config = hasApp ? { github_app: { id, installation, private_key: { env: "APP_KEY" } } } : {};
  return gitHubTokens({ config, token, environment: environment(), clock: systemClock, log: silentLog });
}

function dispatched(tokens: Tokens, signal = AbortSignal.timeout(60_000)): Promise<string | undefined> {
  const context = { ...gitHubContext(environment()), defaultBranch: "trunk" };
  return dispatchWorkflow({ context, environment: environment(), tokens, workflow: "agent.yml" }, signal);
}

describe("an agent's workflow", () => {
  it("is started on the default branch with the job's token", async () => {
    expect(await dispatched(tokensOf("a-pat", false))).toBeUndefined();
    expect(api.dispatched).toEqual(["team/train agent.yml trunk"]);
    expect(api.requests).toEqual([dispatchPath]);
  });

  it("is started with the App's token where there is one", async () => {
    expect(await dispatched(tokensOf("a-token-that-is-not-taken", true))).toBeUndefined();
    expect(api.dispatched).toEqual(["team/train agent.yml trunk"]);
    expect(api.requests).toEqual(["POST /app/installations/5678/access_tokens", dispatchPath]);
  });

  it.each<[string, ApiFault, string]>([
    ["forbids it", { kind: "status", status: 403 }, "HTTP 403; the token needs actions: write"],
    ["doesn't know it", { kind: "status", status: 404 }, "HTTP 404; the token needs actions: write"],
    ["is in trouble", { kind: "status", status: 502 }, "HTTP 502"],
    ["sends the request elsewhere", { kind: "status", status: 307, headers: { location: "/other" } }, "HTTP 307"],
  ])("is told of in words when GitHub %s", async (_words, fault, words) => {
    api.fail(fault);
    expect(await dispatched(tokensOf("a-pat", false))).toContain(words);
    expect(api.requests).toEqual([dispatchPath]);
    expect(api.dispatched).toEqual([]);
  });

  it("is told of in words when the token is not taken", async () => {
    expect(await dispatched(tokensOf("another", false))).toContain("HTTP 401");
    expect(api.dispatched).toEqual([]);
  });

  it("is told of in words when GitHub can't be reached", async () => {
    const tokens = tokensOf("a-pat", false);
    await api.stop();
    expect(await dispatched(tokens)).toContain("ECONNREFUSED");
  });

  it("needs a token", async () => {
    expect(await dispatched(tokensOf("", false))).toBe("there is no token for http://127.0.0.1:9");
    expect(api.requests).toEqual([]);
  });

  it("is not waited for by a job that is cancelled", async () => {
    api.fail({ kind: "hang" });
    const cancel = new AbortController();
    const asking = dispatched(tokensOf("a-pat", false), cancel.signal);
    await expect.poll(() => api.requests).toEqual([dispatchPath]);
    const why = new Error("the job is cancelled");
    cancel.abort(why);
    await expect(asking).rejects.toBe(why);
  });
});
