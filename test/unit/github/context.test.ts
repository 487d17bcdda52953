import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { commitUrl, gitHubContext, runUrl } from "../../../src/github/context.ts";
import { defaultStoreUrl, tokensFor } from "../../../src/github/store.ts";
import { addSummary } from "../../../src/github/summary.ts";

const folder = mkdtempSync(join(tmpdir(), "launch-github-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function eventFile(text: string): string {
  const file = join(folder, "event.json");
  writeFileSync(file, text);
  return file;
}

test("a job without any of GitHub's variables is no reason to fail", () => {
  const context = gitHubContext({});
  expect(context).toMatchObject({ serverUrl: "https://github.com", owner: undefined, isPrivate: undefined });
  expect(runUrl(context)).toBeUndefined();
  expect(commitUrl(context, "3f9c")).toBeUndefined();
  expect(defaultStoreUrl(context, "token")).toBeUndefined();
});

test.each([
  ["nothing at all", "/nonexistent/event.json"],
  ["no JSON", eventFile("{")],
])("an event file with %s is no reason to fail", (_, file) => {
  expect(gitHubContext({ GITHUB_EVENT_PATH: file }).isPrivate).toBeUndefined();
});

const job = { GITHUB_REPOSITORY: "octo/train", GITHUB_RUN_ID: "7", GITHUB_SERVER_URL: "https://ghe.example/" };

test("a job's page is that of its attempt", () => {
  expect(runUrl(gitHubContext(job))).toBe("https://ghe.example/octo/train/actions/runs/7");
  expect(runUrl(gitHubContext({ ...job, GITHUB_RUN_ATTEMPT: "2" }))).toBe(
    "https://ghe.example/octo/train/actions/runs/7/attempts/2",
  );
});

test("runs are kept in the job's own repository, which is public unless the event says otherwise", () => {
  const url = "git+https://ghe.example/octo/train";
  expect(defaultStoreUrl(gitHubContext(job), "token")).toEqual({ url, byDefault: true, isPublic: true });
  const isPrivate = gitHubContext({ ...job, GITHUB_EVENT_PATH: eventFile('{"repository":{"private":true}}') });
  expect(defaultStoreUrl(isPrivate, "token")?.isPublic).toBe(false);
  expect(defaultStoreUrl(gitHubContext(job), "")).toBeUndefined();
});

test("the token is for the job's own GitHub alone", () => {
  expect(tokensFor(gitHubContext({ ...job, GITHUB_SERVER_URL: "http://127.0.0.1:3000" }), "t")).toEqual({
    "127.0.0.1:3000": "t",
  });
  expect(tokensFor(gitHubContext(job), "")).toEqual({});
});

test("a summary is added to the file that is there, and one that is too large or has no file is left", async () => {
  const file = join(folder, "summary.md");
  expect(await addSummary(file, "a")).toBe(true);
  expect(await addSummary(file, "x".repeat(1024 * 1024 + 1))).toBe(false);
  expect(await addSummary(undefined, "a")).toBe(false);
  expect(readFileSync(file, "utf8")).toBe("a\n");
});
