import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLog } from "../../../../src/core/output/log.ts";
import { stateDirectoryAt } from "../../../../src/core/state-directory.ts";
import { rank, type RankRequest, type WaitingRun } from "../../../../src/queues/order.ts";
import { openStore } from "../../../../src/stores/index.ts";
import { parseStoreUrl } from "../../../../src/stores/location.ts";
import type { QueueStore } from "../../../../src/stores/queue-store.ts";
import { describeWith } from "../../../support/engines.ts";
import { type PostgresServer, sql, startPostgres } from "../../../support/postgres/postgres.ts";
import { queuedDocument } from "../../../support/stores/run-document.ts";

const now = Date.parse("2026-11-23T12:00:00.000Z");
const slots = fc.dictionary(fc.constantFrom("gpu", "cpu", "a b"), fc.integer({ min: 0, max: 3 }), { maxKeys: 2 });
/** Often equal, so that the later parts of the order matter. */
const age = fc.oneof(
  fc.constantFrom(0, 1000, 60_000, 3_600_000),
  fc.integer({ min: -1, max: 9 }).map((seconds) => seconds * 1000),
  fc.integer({ min: -5000, max: 5_000_000 }),
);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const waiting: fc.Arbitrary<readonly WaitingRun[]> = fc.uniqueArray(
  fc.record({
    runId: fc
      .constantFrom("a", "b", "c", "d")
      .chain((head) =>
        fc.string({ unit: fc.constantFrom("0", "9", "a", "z", "-"), maxLength: 5 }).map((tail) => `${head}${tail}0`),
      ),
    priority: fc.constantFrom(0, 1, 2, 3),
    enqueuedAt: age.map((ms) => now - ms),
    notBefore: optional(fc.integer({ min: -2, max: 2 }).map((ms) => now + ms)),
    slots,
    submitter: fc.constantFrom("ann", "bob"),
    timeoutMs: optional(fc.constantFrom(500, 1000, 60_000)),
  }),
  { selector: ({ runId }) => runId, maxLength: 12 },
);
const situation: fc.Arbitrary<RankRequest> = fc.record({
  waiting,
  running: fc.constant([]),
  order: fc.record({
    mode: fc.constantFrom("priority", "fifo"),
    ageingMs: optional(fc.constantFrom(1000, 1234.5, 3_600_000)),
  }),
  limits: fc.record({
    running: optional(fc.integer({ min: 1, max: 6 })),
    runningPerSubmitter: optional(fc.integer({ min: 1, max: 3 })),
  }),
  paused: fc.constant(false),
  now: fc.constant(now),
  agent: optional(
    fc.record({
      total: slots,
      free: slots,
      places: fc.constant(Infinity),
      timeLeftMs: optional(fc.constantFrom(999, 1000)),
    }),
  ),
});

describeWith(["postgres"], "the order of a queue in Postgres", () => {
  let server: PostgresServer;
  let url: string;
  let store: QueueStore;

  beforeAll(async () => {
    server = await startPostgres();
    url = await server.newDatabase();
    store = await openStore(parseStoreUrl(url), { log: silentLog, stateDirectory: stateDirectoryAt("/nonexistent") });
  });
  afterAll(async () => {
    await store.close();
    await server.stop();
  });

  it("takes run after run as queues/order.ts ranks them", { timeout: 120_000 }, async () => {
    const signal = AbortSignal.timeout(110_000);
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(situation, async (request) => {
        if (request.waiting.length > 0) await store.enqueue(request.waiting.map(documentOf), signal);
        // The store gives the times; here they are those that the ranking gets.
        const times = request.waiting.map(({ runId, enqueuedAt }) => `('${runId}', ${enqueuedAt})`);
        if (times.length > 0) {
          const set = `UPDATE launch.runs r SET key_time = t.at FROM (VALUES ${times.join(", ")}) AS t (id, at) WHERE r.run_id = t.id`;
          await sql(url, set);
        }
        const expected = rank(request).filter(({ waitsFor }) => waitsFor === undefined);
        const order: string[] = [];
        const free = { ...request.agent?.free };
        for (;;) {
          const claim = await store.picks!.claimNext(
            {
              queue: "gpu",
              lease: { agent: "a", incarnation: "a-1", since: "2026-11-23T12:00:00.000Z" },
              order: request.order,
              limits: request.limits,
              agent: request.agent === undefined ? undefined : { free, timeLeftMs: request.agent.timeLeftMs },
              nowMs: now,
            },
            signal,
          );
          if (claim.kind !== "won") break;
          const { run_id, queued } = claim.entry.run;
          order.push(run_id);
          for (const [slot, wanted] of Object.entries(queued?.slots ?? {})) free[slot] = (free[slot] ?? 0) - wanted;
        }
        taken += order.length;
        await sql(url, "TRUNCATE launch.runs");
        expect(order).toEqual(expected.map(({ run }) => run.runId));
      }),
      { seed: 20_261_123, numRuns: 150 },
    );
    // Otherwise the runs were such that nothing was compared.
    expect(taken).toBeGreaterThan(100);
  });
});

function documentOf(run: WaitingRun): ReturnType<typeof queuedDocument> {
  const { priority, notBefore, timeoutMs } = run;
  return queuedDocument(
    run.runId,
    {
      priority: priority === 0 ? 0 : priority === 1 ? 1 : priority === 2 ? 2 : 3,
      enqueued_at: new Date(run.enqueuedAt).toISOString(),
      slots: run.slots,
      ...(notBefore === undefined ? {} : { not_before: new Date(notBefore).toISOString() }),
      ...(timeoutMs === undefined ? {} : { timeout_ms: timeoutMs }),
    },
    { by: run.submitter },
  );
}
