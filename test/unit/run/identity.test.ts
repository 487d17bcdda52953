import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Handle,
  labelsOfAttempt,
  localHandle,
  nameOfAttempt,
  namedBy,
  readNameOfAttempt,
} from "../../../src/run/handle.ts";
import type { RunHead } from "../../../src/run/head.ts";
import { runKeyOf } from "../../../src/run/names/identity.ts";
import { newRunNonce, runIdPattern } from "../../../src/run/run-id.ts";
import { queuedDocument, runDocument } from "../../support/stores/run-document.ts";

type Named = {
  readonly storeId: string;
  readonly queue: string | undefined;
  readonly runId: string;
  readonly attempt: number;
  readonly nonce: string | undefined;
};

function headOf({ queue, runId, attempt, nonce }: Named): RunHead {
  const { run } = queue === undefined ? runDocument(runId) : queuedDocument(runId, { queue });
  return { ...run, attempt, ...(nonce === undefined ? {} : { nonce }) };
}

const keyOf = (named: Named) => runKeyOf(headOf(named), named.storeId);

const runIds = fc
  .string({ unit: fc.constantFrom("a", "b", "z", "0", "9", "-"), minLength: 1, maxLength: 40 })
  .filter((text) => runIdPattern.test(text));
/** Of few letters, so that parts run into each other, with what JSON and hashes may stumble over. */
const parts = fc.string({ unit: fc.constantFrom("a", "b", "1", ",", '"', "\\", "\0", "\n", "\ud800"), maxLength: 6 });
const named = fc.record<Named>({
  storeId: parts,
  queue: fc.option(parts, { nil: undefined }),
  runId: runIds,
  attempt: fc.integer({ min: 0, max: 12 }),
  nonce: fc.option(parts, { nil: undefined }),
});

/** What of these parts counts: a run that no queue holds is told by its nonce, and none is as good as an empty one. */
function counted({ storeId, queue, runId, attempt, nonce = "" }: Named): readonly unknown[] {
  return queue === undefined ? [runId, attempt, nonce] : [storeId, queue, runId, attempt, nonce];
}

describe("a run's identity", () => {
  it("is the same for whoever comes to it, and another as soon as anything else is", () => {
    fc.assert(
      fc.property(named, named, (one, other) => {
        expect(keyOf(one)).toEqual(keyOf({ ...one }));
        const alike = JSON.stringify(counted(one)) === JSON.stringify(counted(other));
        expect(keyOf(one).identity === keyOf(other).identity).toBe(alike);
      }),
      { numRuns: 500 },
    );
  });

  it.each(["storeId", "queue", "runId", "attempt", "nonce"] as const)("changes with its %s alone", (part) => {
    const one: Named = { storeId: "s", queue: "q", runId: "r", attempt: 1, nonce: "n" };
    const other = { ...one, ...(part === "attempt" ? { attempt: 2 } : { [part]: "other" }) };
    expect(keyOf(other).identity).not.toBe(keyOf(one).identity);
  });

  it("can't be read out of where one part ends and the next begins", () => {
    const base = { runId: "r", attempt: 1 };
    const pairs: readonly (readonly [Partial<Named>, Partial<Named>])[] = [
      [
        { storeId: "a", queue: "bc" },
        { storeId: "ab", queue: "c" },
      ],
      [
        { storeId: 'a","b', queue: "c" },
        { storeId: "a", queue: 'b","c' },
      ],
      [
        { storeId: "", queue: "q" },
        { storeId: "q", queue: "" },
      ],
    ];
    for (const [one, other] of pairs) {
      const whole = { storeId: "", queue: "", nonce: "", ...base };
      expect(keyOf({ ...whole, ...one }).identity).not.toBe(keyOf({ ...whole, ...other }).identity);
    }
  });

  it("makes a name and labels that Docker and Kubernetes take, whatever the id", () => {
    fc.assert(
      fc.property(runIds, fc.integer({ min: 0, max: 123_456_789 }), parts, (runId, attempt, nonce) => {
        const key = keyOf({ storeId: "", queue: undefined, runId, attempt, nonce });
        const name = nameOfAttempt(key);
        expect(name).toMatch(/^[a-z]([a-z0-9-]*[a-z0-9])?$/);
        expect(name.length).toBeLessThanOrEqual(63);
        for (const value of Object.values(labelsOfAttempt(key))) {
          expect(value).toMatch(/^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$/);
        }
        const said = readNameOfAttempt(name);
        expect(said?.attempt).toBe(attempt);
        expect(runId.startsWith(said?.runId ?? "?")).toBe(true);
        // The longest ids stand in it whole as long as attempts are counted in thousands.
        if (attempt < 10_000) expect(said?.runId).toBe(runId);
        expect(namedBy("here", localHandle("here", key))).toEqual({ name, identity: key.identity });
      }),
    );
  });

  it("has a nonce that no other run has", () => {
    const nonces = Array.from({ length: 1_000 }, newRunNonce);
    expect(new Set(nonces).size).toBe(1_000);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("a handle out of a store", () => {
  const handle = localHandle("here", keyOf({ storeId: "s", queue: "q", runId: "nightly", attempt: 1, nonce: "n" }));
  const { identity = "" } = handle;

  it.each<readonly [string, Partial<Handle>]>([
    ["of another resource", { kind: "there" }],
    ["without a name of ours", { name: "postgres" }],
    ["that names a path", { name: `launch-../../etc-1-${identity.slice(0, 10)}` }],
    ["whose name is too long", { name: `launch-${"a".repeat(60)}-1-${identity.slice(0, 10)}` }],
    ["with another's name", { name: "launch-nightly-1-0123456789" }],
    ["with another's identity", { identity: "0".repeat(40) }],
    ["with an identity that is a filter", { identity: `${identity.slice(0, 10)},label=x` }],
    ["with a part of an identity", { identity: identity.slice(0, 39) }],
  ])("%s names nothing", (_what, change) => {
    expect(() => namedBy("here", { ...handle, ...change })).toThrow(/does not name a run of here/);
  });

  it("names nothing without an identity, as those of before", () => {
    const { kind, name, details } = handle;
    expect(() => namedBy("here", { kind, name, details })).toThrow(/does not name a run/);
  });
});
