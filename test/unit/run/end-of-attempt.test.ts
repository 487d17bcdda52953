import { describe, expect, it, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/json.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import { endOfAttempt } from "../../../src/run/end-of-attempt.ts";
import type { RunHead } from "../../../src/run/head.ts";
import { doneOf, lost as lostRun } from "../../../src/run/transitions.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

const noon = "2026-11-23T12:00:00.000Z";
const now = new Date(noon);
const started = { started_at: "2026-11-23T11:00:00.000Z" };

/** A run at the end of an attempt, with what its spec says of retries. */
function ended(head: Partial<RunHead>, retry?: Json, record: JsonObject = started): RunDocument {
  const document = queuedDocument("run-a", {}, { state: "failed", attempt: 1, ...head });
  const submitted = { queue: "gpu", ...(retry === undefined ? {} : { retry }) };
  return { ...document, record: { ...document.record, ...record, queued: { submitted } } };
}

const endOf = (document: RunDocument, givenBack = false) =>
  endOfAttempt({ ended: document, agent: "box", host: "here", cut: givenBack ? "given-back" : undefined, now });

const earlier = (count: number, more: JsonObject = {}): JsonObject => ({
  ...started,
  attempts: Array.from({ length: count }, (_, index) => ({
    attempt: index + 1,
    agent: "box",
    state: "failed",
    ended_at: noon,
    ...more,
  })),
});

describe("another attempt", () => {
  it.each<[string, Partial<RunHead>, Json | undefined, "retry" | "finish"]>([
    ["of a run that is lost, by default", { reason: "lost" }, undefined, "retry"],
    ["of a run that is preempted, by default", { reason: "preempted" }, undefined, "retry"],
    ["not of one that failed by itself, by default", { reason: "exit-code", exit_code: 1 }, undefined, "finish"],
    ["not beyond the third, by default", { reason: "lost", attempt: 3 }, undefined, "finish"],
    ["as often as the spec says", { reason: "lost", attempt: 3 }, { max_attempts: 4 }, "retry"],
    ["for a reason that the spec names", { reason: "timeout" }, { max_attempts: 2, on: ["timeout"] }, "retry"],
    ["not for one that it doesn't", { reason: "lost" }, { max_attempts: 2, on: ["timeout"] }, "finish"],
    ["for any exit code", { reason: "exit-code", exit_code: 9 }, { max_attempts: 2, on: ["exit-code"] }, "retry"],
    [
      "for an exit code of the list",
      { reason: "exit-code", exit_code: 75 },
      { max_attempts: 2, on: ["lost", { "exit-code": [74, 75] }] },
      "retry",
    ],
    [
      "not for another",
      { reason: "exit-code", exit_code: 1 },
      { max_attempts: 2, on: [{ "exit-code": [74, 75] }] },
      "finish",
    ],
    ["for no reason at all", { reason: "lost" }, { max_attempts: 9, on: [] }, "finish"],
    ["never after a success", { state: "succeeded", exit_code: 0 }, { max_attempts: 9, on: ["exit-code"] }, "finish"],
    ["never after a cancel", { state: "cancelled", reason: "cancelled" }, { max_attempts: 9 }, "finish"],
  ])("%s", (_name, head, retry, kind) => {
    expect(endOf(ended(head, retry)).kind).toBe(kind);
  });

  it("waits, twice as long after each, and an hour at most", () => {
    const retry = { max_attempts: 100, on: ["lost"], backoff: "10 min" };
    const delays = [1, 2, 3, 4, 60].map((attempt) => {
      const end = endOf(ended({ reason: "lost", attempt }, retry, earlier(attempt - 1)));
      if (end.kind !== "retry") throw new Error(end.kind);
      expect(Date.parse(end.document.run.queued?.not_before ?? "")).toBe(now.getTime() + end.delayMs);
      return end.delayMs / 60_000;
    });
    expect(delays).toEqual([10, 20, 40, 60, 60]);
  });

  it("isn't counted where one was given back", () => {
    const given = earlier(2, { given_back: true });
    expect(endOf(ended({ reason: "lost", attempt: 4 }, undefined, given)).kind).toBe("retry");
    expect(endOf(ended({ reason: "lost", attempt: 5 }, undefined, given)).kind).toBe("finish");
  });

  it("starts with nothing of the last one but its entry among the attempts", () => {
    const document = ended({ reason: "lost", message: "gone", exit_code: 1, ...started }, undefined, earlier(0, {}));
    const end = endOf(document);
    expect(end.document.run).toMatchObject({ state: "queued", attempt: 1 });
    for (const key of ["reason", "message", "exit_code", "started_at"])
      expect(end.document.run).not.toHaveProperty(key);
    expect(end.document.record["attempts"]).toEqual([
      {
        attempt: 1,
        agent: "box",
        host: "here",
        state: "failed",
        reason: "lost",
        message: "gone",
        exit_code: 1,
        started_at: started.started_at,
        ended_at: noon,
      },
    ]);
  });
});

test("a lost attempt is recorded with where it was, and not where that was found out", () => {
  const lost = doneOf(lostRun(ended({ state: "running" }), "agent far is gone", now));
  const end = endOfAttempt({ ended: lost, agent: "far", host: "far-away", now });
  expect(end.document.record["attempts"]).toMatchObject([{ agent: "far", host: "far-away", reason: "lost" }]);
  const unknown = endOfAttempt({ ended: lost, agent: "far", host: undefined, now });
  expect(JSON.stringify(unknown.document.record["attempts"])).not.toContain("host");
});

describe("a run that is given back", () => {
  const cut = { state: "cancelled", reason: "cancelled", message: "its agent stops" } as const;

  it.each<[string, RunDocument]>([
    ["waits again", ended(cut)],
    ["waits again whatever its attempt is", ended({ ...cut, attempt: 9 })],
    ["waits again when it was not begun, whatever its policy", ended(cut, { max_attempts: 1 }, {})],
  ])("%s", (_name, document) => {
    const end = endOf(document, true);
    expect(end.kind).toBe("give-back");
    expect(end.document.run.state).toBe("queued");
    expect(end.document.record["attempts"]).toMatchObject([{ reason: "preempted", given_back: true }]);
  });

  it.each<[string, Json]>([
    ["may be tried once only", { max_attempts: 1 }],
    ["is not tried again when it is preempted", { max_attempts: 3, on: ["exit-code"] }],
  ])("has ended when it was begun and %s", (_name, retry) => {
    const end = endOf(ended(cut, retry), true);
    expect(end.kind).toBe("finish");
    expect(end.document.run).toMatchObject({ state: "cancelled", reason: "preempted" });
    expect(end.document.run.message).toMatch(/retry/);
    expect(end.document.record).toMatchObject({ state: "cancelled", reason: "preempted" });
  });
});
