import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../src/core/output/log.ts";
import { toJson } from "../../../src/core/json.ts";
import { stateDirectoryAt } from "../../../src/core/state-directory.ts";
import type { RunDocument } from "../../../src/run/document.ts";
import type { Lease } from "../../../src/run/head.ts";
import { doneOf, lost, taken } from "../../../src/run/transitions.ts";
import { openStore } from "../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../src/stores/location.ts";
import type { Claim, PickRequest, QueueEntry, QueueStore } from "../../../src/stores/queue-store.ts";
import { describeWith } from "../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../support/postgres/postgres.ts";
import { queuedDocument } from "../../support/stores/run-document.ts";

/** Words as people write them: with spaces, quotes and letters of any script. What jsonb can't hold, heads don't have. */
const words = fc.string({
  unit: fc.constantFrom("a", "Z", "0", " ", '"', "\\", "'", "$1", "é", "日", "\n"),
  maxLength: 12,
});
const names = fc.constantFrom("gpu", "cpu", "a b", "top-1", "été");
const time = fc.date({ min: new Date("2020-01-01"), max: new Date("2030-01-01"), noInvalidDate: true });
const at = time.map((date) => date.toISOString());
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => toJson({ value }));

const lease = fc.record({ agent: words, incarnation: words, since: at });
const document: fc.Arbitrary<RunDocument> = fc
  .record({
    head: fc.record(
      {
        attempt: fc.integer({ min: 0, max: 9 }),
        name: words,
        by: words,
        source: words,
        created_at: at,
        updated_at: at,
        message: words,
        moved: fc.oneof(fc.record({ from: words }), fc.record({ to: words })),
        metrics: fc.dictionary(
          words,
          fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        ),
      },
      { requiredKeys: ["attempt"] },
    ),
    queued: fc.record(
      { not_before: at, timeout_ms: fc.nat(), group: words, slots: fc.dictionary(names, fc.nat(3)) },
      { requiredKeys: [] },
    ),
    record: fc.dictionary(names, json),
    tail: words,
  })
  .map(({ head, queued, record, tail }) => {
    const { record: known } = queuedDocument("run-a");
    return queuedDocument("run-a", queued, head, { record: { ...known, ...record, state: "queued" }, tail });
  });

describeWith(["postgres"], "a run that Postgres takes", () => {
  let server: PostgresServer;
  let url: string;
  let store: QueueStore;
  const signal = AbortSignal.timeout(110_000);

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
    store = await openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt("/nonexistent") });
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  const enqueue = async (...documents: readonly RunDocument[]): Promise<readonly QueueEntry[]> => {
    const results = await store.enqueue(documents, signal);
    return results.flatMap((result) => (result.kind === "enqueued" ? [result.entry] : []));
  };
  const pick = ({ agent, incarnation, since }: Omit<Lease, "attempt">): PickRequest => ({
    queue: "gpu",
    lease: { agent, incarnation, since },
    order: { mode: "priority", ageingMs: undefined },
    limits: { running: undefined, runningPerSubmitter: undefined },
    agent: undefined,
    nowMs: Date.parse("2031-01-01"),
  });
  /** The four ways in which it takes one; each is given runs that wait, and takes the first. */
  const ways: Readonly<Record<string, (entry: QueueEntry, lease: Lease) => Promise<Claim | undefined>>> = {
    claim: (entry, wanted) => store.claim({ entry, lease: wanted }, signal),
    claimNext: async (_entry, wanted) => store.picks?.claimNext(pick(wanted), signal),
    "finish and claim": async (entry, wanted) => {
      const { other, end } = await another();
      return (await store.finish(other, { document: end, next: { entry, lease: wanted } }, signal)).next;
    },
    "finish and claim the next": async (_entry, wanted) => {
      const { other, end } = await another();
      return (await store.picks?.finishAndClaimNext(other, { document: end, next: pick(wanted) }, signal))?.next;
    },
  };
  /** A leased run of another queue, at its end. */
  const another = async (): Promise<{ readonly other: QueueEntry; readonly end: RunDocument }> => {
    const [waits] = await enqueue(queuedDocument("run-b", { queue: "cpu" }));
    const held = { agent: "box", incarnation: "box-1", attempt: 1, since: "2026-11-23T12:00:00.000Z" };
    const claim = await store.claim({ entry: waits!, lease: held }, signal);
    if (claim.kind !== "won") throw new Error("not taken");
    return { other: claim.entry, end: doneOf(lost(claim.document, "gone", new Date("2026-11-23T12:05:00.000Z"))) };
  };

  it.each(Object.keys(ways))("by %s has the document that a transition makes of it", async (way) => {
    await fc.assert(
      fc.asyncProperty(document, lease, async (waiting, asked) => {
        const wanted: Lease = { ...asked, attempt: waiting.run.attempt + 1 };
        const [entry] = await enqueue(waiting);
        const claim = await ways[way]?.(entry!, wanted);
        const stored = await store.read("run-a", signal);
        await sql(url, "TRUNCATE launch.runs");
        if (claim?.kind !== "won") throw new Error(`not taken: ${JSON.stringify(claim)}`);
        const expected = doneOf(taken(waiting, wanted));
        expect(claim.document).toEqual(expected);
        expect(claim.entry.run).toEqual(expected.run);
        expect(stored).toEqual({ ...expected, version: claim.entry.version });
      }),
      { seed: 20_261_129, numRuns: 40 },
    );
  });
});
