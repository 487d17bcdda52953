import { expect, test } from "vitest";
import { runAtResource } from "../../../src/launch/at-resource.ts";
import type { Resource } from "../../../src/resources/resource.ts";
import type { ResourceOutcome } from "../../../src/run/outcome.ts";
import { attemptKey } from "../../support/launch/attempt.ts";

const handle = { kind: "test", name: "launch-run-1", details: {} };
const asked = {
  ...{ ...attemptKey("run"), name: "run", image: undefined, sourceDirectory: undefined, workingDirectory: "" },
  ...{ command: ["true"], args: [], env: {}, secrets: {}, labels: {}, outputDirectory: "/nowhere" },
};

/** A resource whose run ends when it is told to; what a test is about is changed. */
function resource(changes: Partial<Resource>): Resource {
  return {
    describe: () => "",
    handleFor: () => handle,
    submit: () => Promise.resolve(),
    imageDigest: () => Promise.resolve(undefined),
    find: () => Promise.resolve(undefined),
    follow: () => Promise.resolve<ResourceOutcome>({ kind: "exited", exitCode: 0 }),
    cancel: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    ...changes,
  };
}

/** The run from its start to its removal, as an attempt brings it there; what it can't be removed for is left. */
async function executed(changes: Partial<Resource>, signal: AbortSignal, left: unknown[]) {
  const request = { resource: resource(changes), asked, handle, waits: () => undefined, timeoutMs: undefined };
  const run = runAtResource({ ...request, force: undefined, letGo: undefined, cancelGraceMs: 5_000 }, signal);
  try {
    await run.submit();
    return await run.follow(() => undefined);
  } finally {
    await run.remove().catch((error: unknown) => left.push(error));
  }
}

test("a run that could not be ended is removed all the same", async () => {
  let removed = 0;
  const changes: Partial<Resource> = {
    cancel: () => Promise.reject(new Error("the engine says no")),
    remove: () => {
      removed++;
      return Promise.resolve();
    },
  };
  const result = await executed(changes, AbortSignal.abort(), []);
  expect(result.endedBy).toEqual({ kind: "cancelled" });
  expect(removed).toBe(1);
});

test("a run that could not be removed keeps the outcome that it had, and what stood in the way is told", async () => {
  const failure = new Error("the engine is away");
  const left: unknown[] = [];
  const result = await executed({ remove: () => Promise.reject(failure) }, new AbortController().signal, left);
  expect(result.seen).toEqual({ kind: "exited", exitCode: 0 });
  expect(left).toEqual([failure]);
});

test("a run that is let go is followed no more, and is not ended", async () => {
  const [letGo, stop] = [new AbortController(), new AbortController()];
  const cancelled: number[] = [];
  const changes: Partial<Resource> = {
    follow: (_handle, _reader, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
    cancel: (_handle, graceMs) => Promise.resolve(void cancelled.push(graceMs)),
  };
  const request = { resource: resource(changes), asked, handle, waits: () => undefined, timeoutMs: undefined };
  const run = runAtResource({ ...request, force: undefined, letGo: letGo.signal, cancelGraceMs: 5_000 }, stop.signal);
  const following = run.follow(() => undefined);
  letGo.abort();
  stop.abort();
  await expect(following).rejects.toThrow("stopped");
  expect(cancelled).toEqual([]);
});
