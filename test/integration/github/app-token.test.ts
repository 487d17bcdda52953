import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/output/log.ts";
import { proveTokens, type TokenSource } from "../../../src/core/token.ts";
import { type AppKey, appToken } from "../../../src/github/app-token.ts";
import { gitHubTokens } from "../../../src/github/credentials.ts";
import { type GitHubApi, startGitHubApi } from "../../support/github/github-api.ts";

/* Tokens of a GitHub App from an API on this machine, which checks what GitHub checks and has its faults. */

const signal = AbortSignal.timeout(60_000);
const opened: GitHubApi[] = [];
let api: GitHubApi;

beforeEach(async () => {
  api = await started();
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.stop();
});

async function started(...options: Parameters<typeof startGitHubApi>): Promise<GitHubApi> {
  const server = await startGitHubApi(...options);
  opened.push(server);
  return server;
}

function sourceOf({ url, app }: GitHubApi, change: Partial<AppKey> = {}, told: string[] = []): TokenSource {
  return appToken({
    app: { ...app, ...change },
    place: { serverUrl: "http://127.0.0.1:9", apiUrl: url },
    clock: systemClock,
    log: silentLog,
    onToken: (token) => void told.push(token),
  });
}

test("an installation's token is asked for with a signed proof, told before it is used, and kept", async () => {
  const told: string[] = [];
  const source = sourceOf(api, {}, told);
  const token = await source.get(signal);
  expect(token).toBe(api.tokens[0]);
  expect(told).toEqual(api.tokens);
  expect(await source.get(signal)).toBe(token);
  expect(api.requests).toEqual(["POST /app/installations/5678/access_tokens"]);
});

test("a key in PKCS #8 does as well as the one that GitHub gives out", async () => {
  const { createPrivateKey } = await import("node:crypto");
  const pkcs8 = createPrivateKey(api.app.privateKey).export({ type: "pkcs8", format: "pem" }).toString();
  expect(await sourceOf(api, { privateKey: pkcs8 }).get(signal)).toBe(api.tokens[0]);
});

test.each([
  ["ahead", 3_600_000],
  ["behind", -3_600_000],
])("a clock that is an hour %s of GitHub's gets a token for its whole life", async (_words, clockOffsetMs) => {
  const elsewhere = await started({ clockOffsetMs });
  const source = sourceOf(elsewhere);
  const token = await source.get(signal);
  expect(await source.get(signal)).toBe(token);
  expect(elsewhere.tokens).toEqual([token]);
});

const otherKey = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
}).privateKey;

test.each([
  ["another App's key", { privateKey: otherKey }, "GitHub takes no key of App 1234 that is like the one given"],
  ["another id", { id: 99 }, "check github_app.id and github_app.private_key"],
  ["another installation", { installation: 1 }, "App 1234 has no installation 1 on http://127.0.0.1"],
])("%s is refused, with what to look at", async (_what, change, words) => {
  const failure: unknown = await sourceOf(api, change)
    .get(signal)
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "refused", message: expect.stringContaining(words) as string });
  expect(String(failure)).not.toContain("PRIVATE KEY");
});

test("what is no key is said so at once, without a word of it", () => {
  const making = (): TokenSource => sourceOf(api, { privateKey: "hunter2" });
  expect(making).toThrow("github_app.private_key is no private key in PEM form");
});

test.each([
  ["an error of the server's", { kind: "status", status: 502 }],
  ["too many requests", { kind: "status", status: 403, headers: { "retry-after": "1" } }],
  ["another's page", { kind: "text", text: "<html>" }],
] as const)("%s is no end: the first token is asked for again", async (_what, fault) => {
  api.fail(fault);
  const environment = { GITHUB_SERVER_URL: "http://127.0.0.1:9", GITHUB_API_URL: api.url, APP_KEY: api.app.privateKey };
  const { id, installation } = api.app;
  const config = { github_app: { id, installation, private_key: { env: "APP_KEY" } } };
  const request = { config, token: "the-job's", environment, clock: systemClock, log: silentLog };
  const tokens = gitHubTokens(request);
  expect(Object.keys(tokens)).toEqual(["127.0.0.1:9"]);
  expect(api.requests).toEqual([]);
  await proveTokens(tokens, signal);
  expect(api.requests).toHaveLength(2);
});

test("without an App a given token is for this GitHub's host alone, and without one git's own are used", () => {
  const request = { config: {}, environment: {}, clock: systemClock, log: silentLog };
  expect(gitHubTokens({ ...request, token: "a-pat" })).toEqual({ "github.com": "a-pat" });
  expect(gitHubTokens({ ...request, token: "" })).toEqual({});
});
